// score/engine/attend.cpp: attention without padding, one sequence and one head at a time.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
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
  std::array<float, 2> segment_bias;  ///< of the query's segment
};

/// log2 of a segment's tokens over the other's, for either segment.
std::array<float, 2> log_shares(std::span<const std::uint8_t> type_ids) {
  const auto second = std::count(type_ids.begin(), type_ids.end(), std::uint8_t{1});
  const auto first = static_cast<std::ptrdiff_t>(type_ids.size()) - second;
  if (first == 0 || second == 0) return {};
  const float share = std::log2(static_cast<float>(first) / static_cast<float>(second));
  return {share, -share};
}

void attend_slice(const EncoderWeights& weights, const LayerWeights& layer,
                  const PackedBatch& batch, const Slice& slice, Workspace& workspace) {
  const std::size_t width = weights.config.hidden_size;
  const std::size_t size = width / weights.config.heads;
  const std::size_t column = slice.head * size;
  const ColumnGroups queries = query_groups(weights, layer, batch.tokens());
  const ColumnGroups key_values = key_value_groups(weights, layer, batch.tokens());
  const float* const keys = workspace.key_values.data();
  Attention attention{
      .queries = {workspace.queries.data() + queries.at(slice.query_begin, column), queries.width},
      .keys = {keys + key_values.at(slice.key_begin, column), key_values.width},
      .values = {keys + key_values.at(slice.key_begin, width + column), key_values.width},
      .query_count = slice.query_end - slice.query_begin,
      .key_count = slice.key_end - slice.key_begin,
      .size = size,
      .context = workspace.context.data() + slice.query_begin * width + column,
      .context_stride = width};
  if (!layer.segment_bias.empty()) {
    attention.query_segments = batch.type_ids.data() + slice.query_begin;
    attention.key_segments = batch.type_ids.data() + slice.key_begin;
    std::copy(slice.segment_bias.begin(), slice.segment_bias.end(), attention.segment_bias);
  }
  attend_head(*weights.attention, attention);
}

/// A sequence whose segments the layer closes to each other, each a sequence of its own but for
/// the last, which `rest` becomes.
void split_closed(const PackedBatch& batch, Slice& rest, std::vector<Slice>& slices) {
  for (std::size_t token = rest.query_begin + 1; token < rest.query_end; ++token) {
    if (batch.type_ids[token] == batch.type_ids[token - 1]) continue;
    slices.push_back({rest.query_begin, token, rest.query_begin, token, rest.head, {}});
    rest.query_begin = rest.key_begin = token;
  }
}

}  // namespace

void attend_head(const Product& product, const Attention& attention) {
  thread_local Bytes scratch;
  const std::size_t bytes = product.attention_bytes(attention);
  if (scratch.size() < bytes) scratch.resize(bytes);
  product.attend(attention, scratch.data());
}

void attend(const EncoderWeights& weights, const LayerWeights& layer, const PackedBatch& batch,
            Workspace& workspace, const Team& team) {
  workspace.context.resize(batch.tokens() * weights.config.hidden_size);
  std::vector<Slice> slices;
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
    const std::size_t seen = batch.unseen.empty() ? end : end - batch.unseen[pair];
    std::array<float, 2> share{};
    if (weights.config.attention_bias_by_length) {
      share = log_shares(std::span(batch.type_ids).subspan(begin, seen - begin));
    }
    for (std::size_t head = 0; head < weights.config.heads; ++head) {
      const float bias = layer.segment_bias.empty() ? 0.0F : layer.segment_bias[head];
      Slice whole{begin, end, begin, seen, head, {bias + share[0], bias + share[1]}};
      if (bias == -std::numeric_limits<float>::infinity()) split_closed(batch, whole, slices);
      if (whole.query_begin < end) slices.push_back(whole);
    }
  }
  team.run(slices.size(), [&](std::size_t i) {
    checkpoint();
    attend_slice(weights, layer, batch, slices[i], workspace);
  });
}

}  // namespace tamis::engine
