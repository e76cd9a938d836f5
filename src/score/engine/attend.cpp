// score/engine/attend.cpp: attention without padding, one sequence and one head at a time.
#include <algorithm>
#include <limits>
#include <vector>

#include "score/engine/forward.hpp"
#include "score/engine/linear.hpp"

namespace tamis::engine {
namespace {

constexpr std::size_t kQueryRows = 84;

/// One head of one sequence, or of one closed segment of it.
struct Slice {
  std::size_t query_begin;  ///< rows of queries and context
  std::size_t query_end;
  std::size_t key_begin;  ///< tokens
  std::size_t key_end;
  std::size_t head;
};

/// Per thread: panels of keys and values, and a block of logits.
struct Scratch {
  Bytes keys;
  Bytes values;
  Bytes prepared;
  Floats logits;
  Floats sums;
};

Scratch& scratch() {
  thread_local Scratch buffers;
  return buffers;
}

void add_segment_bias(const PackedBatch& batch, const Slice& slice, std::size_t query, float bias,
                      float* logits) {
  const std::uint8_t own = batch.type_ids[query];
  for (std::size_t key = slice.key_begin; key < slice.key_end; ++key) {
    if (batch.type_ids[key] != own) logits[key - slice.key_begin] += bias;
  }
}

void pack_keys_and_values(const EncoderWeights& weights, const Slice& slice,
                          const Workspace& workspace, Scratch& own) {
  const Product& product = *weights.attention;
  const std::size_t width = weights.config.hidden_size;
  const std::size_t size = width / weights.config.heads;
  const std::size_t length = slice.key_end - slice.key_begin;
  const float* const keys =
      workspace.key_values.data() + slice.key_begin * 2 * width + slice.head * size;
  own.keys.resize(packed_bytes(product, length, size));
  own.values.resize(packed_bytes(product, size, length));
  product.pack({keys, length, size, 2 * width, 1}, nullptr, own.keys.data());
  product.pack({keys + width, size, length, 1, 2 * width}, nullptr, own.values.data());
}

void attend_slice(const EncoderWeights& weights, const LayerWeights& layer,
                  const PackedBatch& batch, const Slice& slice, Workspace& workspace) {
  Scratch& own = scratch();
  const Product& product = *weights.attention;
  const std::size_t width = weights.config.hidden_size;
  const std::size_t size = width / weights.config.heads;
  const std::size_t length = slice.key_end - slice.key_begin;
  pack_keys_and_values(weights, slice, workspace, own);
  const std::size_t stride = padded(length);
  own.logits.resize(kQueryRows * stride);
  own.sums.resize(kQueryRows);
  reserve_rows(product, kQueryRows, std::max(size, length), own.prepared);
  for (std::size_t first = slice.query_begin; first < slice.query_end; first += kQueryRows) {
    const std::size_t rows = std::min(kQueryRows, slice.query_end - first);
    const std::size_t at = first * width + slice.head * size;
    product.prepare(workspace.queries.data() + at, width, rows, size, own.prepared.data(),
                    product.row_bytes(size));
    product.multiply(own.prepared.data(), rows, own.keys.data(), length, size, own.logits.data(),
                     stride);
    if (!layer.segment_bias.empty()) {
      for (std::size_t row = 0; row < rows; ++row) {
        add_segment_bias(batch, slice, first + row, layer.segment_bias[slice.head],
                         own.logits.data() + row * stride);
      }
    }
    product.prepare_powers(own.logits.data(), stride, rows, length, own.prepared.data(),
                           own.sums.data());
    float* const context = workspace.context.data() + at;
    product.multiply(own.prepared.data(), rows, own.values.data(), size, length, context, width);
    weights.kernels->divide_rows(context, width, rows, size, own.sums.data());
  }
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
            bool first_only, Workspace& workspace, const Team& team) {
  const std::size_t queries = first_only ? batch.pairs() : batch.tokens();
  workspace.context.resize(queries * weights.config.hidden_size);
  std::vector<Slice> slices;
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
    const std::size_t seen = batch.unseen.empty() ? end : end - batch.unseen[pair];
    for (std::size_t head = 0; head < weights.config.heads; ++head) {
      if (first_only) {
        slices.push_back({pair, pair + 1, begin, seen, head});
        continue;
      }
      const bool closed = !layer.segment_bias.empty() &&
                          layer.segment_bias[head] == -std::numeric_limits<float>::infinity();
      add_slices(batch, begin, end, seen, closed, head, slices);
    }
  }
  team.run(slices.size(),
           [&](std::size_t i) { attend_slice(weights, layer, batch, slices[i], workspace); });
}

}  // namespace tamis::engine
