// score/engine/score_segments.cpp
#include "score/engine/score_segments.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <tamis/batch/planner.hpp>
#include <tamis/parallel.hpp>

#include "parallel/parallel_for.hpp"
#include "score/engine/interaction.hpp"
#include "score/engine/segments.hpp"

namespace tamis::engine {
namespace {

/// Called with a text's index and its states [tokens, hidden] after the closed layers.
using ReadText = std::function<void(std::size_t, std::span<const float>)>;

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

void read_texts(const SharedEncoder& encoder, const std::vector<EncodedPair>& texts,
                const ReadText& read) {
  const std::size_t width = encoder.weights().config.hidden_size;
  const std::vector<PackedBatch> batches = batches_of(texts);
  const auto read_batch = [&](std::size_t i, const Workspace& workspace) {
    const PackedBatch& batch = batches[i];
    for (std::size_t text = 0; text < batch.pairs(); ++text) {
      const auto begin = static_cast<std::size_t>(batch.cu_seqlens[text]);
      const auto end = static_cast<std::size_t>(batch.cu_seqlens[text + 1]);
      read(batch.rows[text],
           std::span<const float>(workspace.hidden).subspan(begin * width, (end - begin) * width));
    }
  };
  encoder.run(batches, {.last = encoder.weights().closed_layers(), .read = read_batch});
}

/// All layers are closed: the readings of each text serve all of its pairs.
void compare_texts(const SharedEncoder& encoder, const Segments& segments,
                   std::span<float> logits) {
  const EncoderWeights& weights = encoder.weights();
  std::vector<char> is_query(segments.texts.size());  // no vector<bool>: threads read it
  for (const PairTexts& pair : segments.pairs) is_query[pair.query] = 1;
  std::vector<QueryReading> queries(segments.texts.size());
  std::vector<DocumentReading> documents(segments.texts.size());
  read_texts(encoder, segments.texts, [&](std::size_t text, std::span<const float> states) {
    if (is_query[text] != 0) {
      queries[text] = read_query(weights, states);
    } else {
      documents[text] = read_document(weights, states);
    }
  });
  parallel_for(segments.pairs.size(), [&](std::size_t i) {
    const auto [query, document] = segments.pairs[i];
    logits[i] = logit(weights, queries[query], documents[document]);
  });
}

/// The texts' states become those of the pairs, which the other layers read.
void read_pairs(const SharedEncoder& encoder, std::span<const PackedBatch> batches,
                const Segments& segments, std::span<float> logits) {
  std::vector<std::vector<float>> states(segments.texts.size());
  read_texts(encoder, segments.texts, [&](std::size_t text, std::span<const float> found) {
    states[text].assign(found.begin(), found.end());
  });
  std::vector<std::size_t> first;
  std::size_t pairs = 0;
  for (const PackedBatch& batch : batches) {
    first.push_back(pairs);
    pairs += batch.pairs();
  }
  const auto start = [&](std::size_t i, Workspace& workspace) {
    workspace.hidden.resize(batches[i].tokens() * encoder.weights().config.hidden_size);
    auto to = workspace.hidden.begin();
    for (const PairTexts& pair : std::span(segments.pairs).subspan(first[i], batches[i].pairs())) {
      to = std::copy(states[pair.query].begin(), states[pair.query].end(), to);
      to = std::copy(states[pair.document].begin(), states[pair.document].end(), to);
    }
  };
  const auto read = [&](std::size_t i, const Workspace& workspace) {
    read_interaction(encoder.weights(), batches[i], workspace,
                     logits.subspan(first[i], batches[i].pairs()));
  };
  encoder.run(batches, {.first = encoder.weights().closed_layers(), .start = start, .read = read});
}

}  // namespace

void score_segments(const SharedEncoder& encoder, std::span<const PackedBatch> batches,
                    std::span<float> logits) {
  const Segments segments = segments_of(batches);
  if (encoder.weights().reads_apart()) {
    compare_texts(encoder, segments, logits);
  } else {
    read_pairs(encoder, batches, segments, logits);
  }
}

}  // namespace tamis::engine
