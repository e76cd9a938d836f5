// late_interaction/parts.hpp: what a loaded LateInteraction is made of.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include <tamis/late_interaction.hpp>
#include <tamis/text/tokenizer.hpp>

#include "late_interaction/colbert.hpp"
#include "late_interaction/passage_contents.hpp"
#include "late_interaction/pooling.hpp"
#include "late_interaction/text_cache.hpp"
#include "score/engine/shared_encoder.hpp"

namespace tamis {

/// logit = maxsim * MaxSim + cosine * cosine of the means (+ the head, where there is one)
struct Mix {
  double maxsim = 1;
  double cosine = 1;
};

struct EncodedQuery;

struct LateInteractionParts {
  std::filesystem::path folder;
  AnyTokenizer tokenizer;
  engine::LoadedEncoder loaded;
  std::size_t max_length = 0;
  std::string query_prefix;
  std::string passage_prefix;
  Mix mix;
  Pooling pooling = Pooling::mean;
  std::optional<Colbert> colbert;
  std::string fingerprint;
  // The only parts that change.
  std::unique_ptr<TextCache<EncodedPassage>> passages;
  std::unique_ptr<TextCache<std::shared_ptr<const EncodedQuery>>> queries;

  [[nodiscard]] const engine::SharedEncoder& encoder() const { return *loaded.encoder; }
  [[nodiscard]] const engine::EncoderWeights& weights() const { return encoder().weights(); }
  [[nodiscard]] const EncoderConfig& config() const { return weights().config; }
  /// Of a token's vector.
  [[nodiscard]] std::size_t width() const {
    return colbert ? colbert->width() : config().hidden_size;
  }
};

}  // namespace tamis
