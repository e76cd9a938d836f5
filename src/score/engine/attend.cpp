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

/// Where all slices find queries, keys and values.
struct Sources {
  ColumnGroups queries;
  ColumnGroups key_values;
  bool halves;

  [[nodiscard]] ConstRows at(const Bytes& of, const ColumnGroups& groups, std::size_t token,
                             std::size_t column) const {
    const std::size_t element = halves ? sizeof(std::uint16_t) : sizeof(float);
    return {of.data() + groups.at(token, column) * element, groups.width};
  }
};

void attend_slice(const EncoderWeights& weights, const LayerWeights& layer,
                  const PackedBatch& batch, const Sources& from, const Slice& slice,
                  Workspace& workspace) {
  const std::size_t width = weights.config.hidden_size;
  const std::size_t size = width / weights.config.heads;
  const std::size_t column = slice.head * size;
  Attention attention{
      .queries = from.at(workspace.queries, from.queries, slice.query_begin, column),
      .keys = from.at(workspace.key_values, from.key_values, slice.key_begin, column),
      .values = from.at(workspace.key_values, from.key_values, slice.key_begin, width + column),
      .query_count = slice.query_end - slice.query_begin,
      .key_count = slice.key_end - slice.key_begin,
      .size = size,
      .context = workspace.context.data() + slice.query_begin * width + column,
      .context_stride = width,
      .halves = from.halves};
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
  const Sources from{query_groups(weights, layer, batch.tokens()),
                     key_value_groups(weights, layer, batch.tokens()),
                     keeps_halves(weights, layer)};
  team.run(slices.size(), [&](std::size_t i) {
    checkpoint();
    attend_slice(weights, layer, batch, from, slices[i], workspace);
  });
}

}  // namespace tamis::engine
