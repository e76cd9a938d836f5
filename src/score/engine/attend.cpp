// score/engine/attend.cpp: attention without padding, one sequence and one head at a time.
#include <algorithm>
#include <cmath>
#include <limits>

#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

constexpr std::size_t kQueryRows = 48;

/// One head of one sequence, or of one closed segment of it: rows [begin, end) of the batch.
struct Slice {
  std::size_t begin;
  std::size_t end;
  std::size_t head;
};

/// Per thread: panels of keys and values, and a block of logits.
struct Scratch {
  Floats keys;
  Floats values;
  Floats queries;
  Floats logits;
};

/// values[length, size], rows `stride` apart -> panels of [length, panel].
void pack_values(const float* values, std::size_t stride, std::size_t length, std::size_t size,
                 std::size_t panel, float* out) {
  for (std::size_t first = 0; first < size; first += panel) {
    const std::size_t width = std::min(panel, size - first);
    for (std::size_t row = 0; row < length; ++row) {
      float* const to = out + first * length + row * panel;
      std::copy_n(values + row * stride + first, width, to);
      std::fill(to + width, to + panel, 0.0F);
    }
  }
}

/// keys[length, size], rows `stride` apart -> panels of [size, panel], `panel` keys side by side.
void pack_keys(const float* keys, std::size_t stride, std::size_t length, std::size_t size,
               std::size_t panel, float* out) {
  for (std::size_t first = 0; first < length; first += panel) {
    const std::size_t width = std::min(panel, length - first);
    float* const to = out + first * size;
    for (std::size_t column = 0; column < width; ++column) {
      const float* const key = keys + (first + column) * stride;
      for (std::size_t i = 0; i < size; ++i) to[i * panel + column] = key[i];
    }
    for (std::size_t column = width; column < panel; ++column) {
      for (std::size_t i = 0; i < size; ++i) to[i * panel + column] = 0.0F;
    }
  }
}

void add_segment_bias(const PackedBatch& batch, const Slice& slice, std::size_t query, float bias,
                      float* logits) {
  const std::uint8_t own = batch.type_ids[query];
  for (std::size_t key = slice.begin; key < slice.end; ++key) {
    if (batch.type_ids[key] != own) logits[key - slice.begin] += bias;
  }
}

void attend_slice(const EncoderWeights& weights, const LayerWeights& layer,
                  const PackedBatch& batch, const Slice& slice, Workspace& workspace) {
  thread_local Scratch scratch;
  const Kernels& kernels = *weights.kernels;
  const std::size_t width = weights.config.hidden_size;
  const std::size_t size = width / weights.config.heads;
  const std::size_t length = slice.end - slice.begin;
  const std::size_t stride = 3 * width;
  const float* const queries =
      workspace.projected.data() + slice.begin * stride + slice.head * size;
  const float scale = 1.0F / std::sqrt(static_cast<float>(size));
  const bool biased = !layer.segment_bias.empty();

  scratch.keys.resize(packed_size(length, size, kernels.panel));
  scratch.values.resize(packed_size(size, length, kernels.panel));
  scratch.queries.resize(kQueryRows * size);
  scratch.logits.resize(kQueryRows * length);
  pack_keys(queries + width, stride, length, size, kernels.panel, scratch.keys.data());
  pack_values(queries + 2 * width, stride, length, size, kernels.panel, scratch.values.data());
  for (std::size_t first = 0; first < length; first += kQueryRows) {
    const std::size_t rows = std::min(kQueryRows, length - first);
    for (std::size_t row = 0; row < rows; ++row) {
      const float* const from = queries + (first + row) * stride;
      for (std::size_t i = 0; i < size; ++i) scratch.queries[row * size + i] = from[i] * scale;
    }
    kernels.gemm(scratch.queries.data(), size, scratch.keys.data(), nullptr, scratch.logits.data(),
                 length, rows, length, size);
    for (std::size_t row = 0; row < rows; ++row) {
      float* const logits = scratch.logits.data() + row * length;
      if (biased) {
        add_segment_bias(batch, slice, slice.begin + first + row, layer.segment_bias[slice.head],
                         logits);
      }
      kernels.softmax(logits, length);
    }
    float* const out = workspace.context.data() + (slice.begin + first) * width + slice.head * size;
    kernels.gemm(scratch.logits.data(), length, scratch.values.data(), nullptr, out, width, rows,
                 size, length);
  }
}

/// Where a layer closes the segments to each other, each segment is a sequence of its own.
void add_slices(const PackedBatch& batch, std::size_t begin, std::size_t end, bool closed,
                std::size_t head, std::vector<Slice>& slices) {
  if (closed) {
    for (std::size_t token = begin + 1; token < end; ++token) {
      if (batch.type_ids[token] == batch.type_ids[token - 1]) continue;
      slices.push_back({begin, token, head});
      begin = token;
    }
  }
  if (begin < end) slices.push_back({begin, end, head});
}

}  // namespace

void attend(const EncoderWeights& weights, const LayerWeights& layer, const PackedBatch& batch,
            Workspace& workspace, const Team& team) {
  workspace.context.resize(batch.tokens() * weights.config.hidden_size);
  std::vector<Slice> slices;
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    for (std::size_t head = 0; head < weights.config.heads; ++head) {
      const bool closed = !layer.segment_bias.empty() &&
                          layer.segment_bias[head] == -std::numeric_limits<float>::infinity();
      add_slices(batch, static_cast<std::size_t>(batch.cu_seqlens[pair]),
                 static_cast<std::size_t>(batch.cu_seqlens[pair + 1]), closed, head, slices);
    }
  }
  team.run(slices.size(),
           [&](std::size_t i) { attend_slice(weights, layer, batch, slices[i], workspace); });
}

}  // namespace tamis::engine
