// late_interaction/colbert.hpp: what a folder of pylate, of the Stanford code, or a bundle says of
// a ColBERT.
//
// Its tokens' states are projected to a smaller width. A marker after the first token tells queries
// from documents, queries are filled up with [MASK], documents are compared without punctuation.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tamis/late_interaction.hpp>
#include <tamis/model/bundle.hpp>

#include "score/engine/linear.hpp"

namespace tamis {

struct Colbert : ColbertSettings {
  std::vector<engine::Linear> projections;  ///< one after the other, at least one; fp32
  std::string identity;                     ///< of all that a document's vectors depend on

  [[nodiscard]] std::size_t width() const { return projections.back().outputs; }
};

/// Nothing for a folder that is no ColBERT's. Throws ModelError for one that is read in no known
/// way.
[[nodiscard]] std::optional<Colbert> read_colbert(const ModelSpec& spec);

/// [tokens, width] of states [tokens, hidden], not yet of length 1.
[[nodiscard]] std::vector<float> project(const Colbert& colbert, std::span<const float> states);

/// Indices of the tokens of a document that are compared; all when none would be left.
[[nodiscard]] std::vector<std::size_t> not_skipped(const Colbert& colbert,
                                                   std::span<const TokenId> ids);

}  // namespace tamis
