// score/engine/segments.hpp: the texts that pairs consist of, each once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tamis/batch/packed.hpp>

namespace tamis::engine {

/// Tokens [begin, middle) and [middle, end) of a batch.
struct PairBounds {
  std::size_t begin;
  std::size_t middle;
  std::size_t end;
};

/// Throws InvalidArgument where the pair has no second segment.
[[nodiscard]] PairBounds bounds_of(const PackedBatch& batch, std::size_t pair);

/// Indices into Segments::texts.
struct PairTexts {
  std::size_t query;
  std::size_t document;
};

struct Segments {
  std::vector<EncodedPair> texts;  ///< ids and type ids
  std::vector<PairTexts> pairs;    ///< of all pairs of the batches, in their order
};

/// A query that comes with many documents, and a document that comes with several queries, is one
/// text. Throws as bounds_of does.
[[nodiscard]] Segments segments_of(std::span<const PackedBatch> batches);

}  // namespace tamis::engine
