// score/engine/score_apart.cpp
#include "score/engine/score_apart.hpp"

#include <algorithm>
#include <vector>

#include <tamis/batch/planner.hpp>
#include <tamis/parallel.hpp>

#include "parallel/parallel_for.hpp"
#include "score/engine/interaction.hpp"
#include "score/engine/segments.hpp"

namespace tamis::engine {
namespace {

/// Of each text one of the two, by the side that it is on.
struct Readings {
  std::vector<QueryReading> queries;
  std::vector<DocumentReading> documents;
};

std::vector<PackedBatch> batches_of(const std::vector<EncodedPair>& texts) {
  std::vector<std::size_t> lengths(texts.size());
  std::transform(texts.begin(), texts.end(), lengths.begin(),
                 [](const EncodedPair& text) { return text.size(); });
  std::vector<PackedBatch> batches;
  for (const auto& rows : plan_batches(lengths, {.even = true}, num_threads())) {
    batches.push_back(pack(texts, rows));
  }
  return batches;
}

Readings read_texts(const SharedEncoder& encoder, const Segments& segments) {
  const EncoderWeights& weights = encoder.weights();
  const std::size_t width = weights.config.hidden_size;
  std::vector<char> is_query(segments.texts.size());  // no vector<bool>: threads read it
  for (const PairTexts& pair : segments.pairs) is_query[pair.query] = 1;
  Readings found{std::vector<QueryReading>(segments.texts.size()),
                 std::vector<DocumentReading>(segments.texts.size())};
  const std::vector<PackedBatch> batches = batches_of(segments.texts);
  encoder.run(batches, [&](std::size_t i, const Workspace& workspace) {
    const PackedBatch& batch = batches[i];
    for (std::size_t text = 0; text < batch.pairs(); ++text) {
      const auto begin = static_cast<std::size_t>(batch.cu_seqlens[text]);
      const auto end = static_cast<std::size_t>(batch.cu_seqlens[text + 1]);
      const auto states =
          std::span<const float>(workspace.hidden).subspan(begin * width, (end - begin) * width);
      const std::uint32_t row = batch.rows[text];
      if (is_query[row] != 0) {
        found.queries[row] = read_query(weights, states);
      } else {
        found.documents[row] = read_document(weights, states);
      }
    }
  });
  return found;
}

}  // namespace

void score_apart(const SharedEncoder& encoder, std::span<const PackedBatch> batches,
                 std::span<float> logits) {
  const Segments segments = segments_of(batches);
  const Readings readings = read_texts(encoder, segments);
  parallel_for(segments.pairs.size(), [&](std::size_t i) {
    const auto [query, document] = segments.pairs[i];
    logits[i] = logit(encoder.weights(), readings.queries[query], readings.documents[document]);
  });
}

}  // namespace tamis::engine
