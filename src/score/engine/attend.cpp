// score/engine/attend.cpp: attention without padding, one sequence and one head at a time.
#include <limits>
#include <vector>

#include "parallel/watch.hpp"
#include "score/engine/attention.hpp"
#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

/// One head of one sequence, or of one closed segment of it.
struct Slice {
  std::size_t query_begin;  ///< tokens
  std::size_t query_end;
  std::size_t key_begin;
  std::size_t key_end;
  std::size_t head;
};

void attend_slice(const EncoderWeights& weights, const LayerWeights& layer,
                  const PackedBatch& batch, const Slice& slice, Workspace& workspace) {
  const std::size_t width = weights.config.hidden_size;
  const std::size_t size = width / weights.config.heads;
  const std::size_t at = slice.query_begin * width + slice.head * size;
  const float* const keys =
      workspace.key_values.data() + slice.key_begin * 2 * width + slice.head * size;
  Attention attention{.queries = {workspace.queries.data() + at, width},
                      .keys = {keys, 2 * width},
                      .values = {keys + width, 2 * width},
                      .query_count = slice.query_end - slice.query_begin,
                      .key_count = slice.key_end - slice.key_begin,
                      .size = size,
                      .context = workspace.context.data() + at,
                      .context_stride = width};
  if (!layer.segment_bias.empty()) {
    attention.query_segments = batch.type_ids.data() + slice.query_begin;
    attention.key_segments = batch.type_ids.data() + slice.key_begin;
    attention.segment_bias = layer.segment_bias[slice.head];
  }
  attend_rows(*weights.attention, *weights.kernels, attention);
}

/// Tokens [begin, end) see [begin, seen). Where a layer closes the segments to each other, each
/// segment is a sequence of its own.
void add_slices(const PackedBatch& batch, std::size_t begin, std::size_t end, std::size_t seen,
                bool closed, std::size_t head, std::vector<Slice>& slices) {
  if (closed) {
    for (std::size_t token = begin + 1; token < end; ++token) {
      if (batch.type_ids[token] == batch.type_ids[token - 1]) continue;
      slices.push_back({begin, token, begin, token, head});
      begin = token;
    }
  }
  if (begin < end) slices.push_back({begin, end, begin, seen, head});
}

}  // namespace

void attend(const EncoderWeights& weights, const LayerWeights& layer, const PackedBatch& batch,
            Workspace& workspace, const Team& team) {
  workspace.context.resize(batch.tokens() * weights.config.hidden_size);
  std::vector<Slice> slices;
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
    const std::size_t seen = batch.unseen.empty() ? end : end - batch.unseen[pair];
    for (std::size_t head = 0; head < weights.config.heads; ++head) {
      const bool closed = !layer.segment_bias.empty() &&
                          layer.segment_bias[head] == -std::numeric_limits<float>::infinity();
      add_slices(batch, begin, end, seen, closed, head, slices);
    }
  }
  team.run(slices.size(), [&](std::size_t i) {
    checkpoint();
    attend_slice(weights, layer, batch, slices[i], workspace);
  });
}

}  // namespace tamis::engine
