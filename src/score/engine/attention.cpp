// score/engine/attention.cpp
#include "score/engine/attention.hpp"

#include <algorithm>

#include "score/engine/linear.hpp"

namespace tamis::engine {
namespace {

constexpr std::size_t kQueryRows = 84;

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

void pack_keys_and_values(const Product& product, const Attention& of, Scratch& own) {
  own.keys.resize(packed_bytes(product, of.key_count, of.size));
  own.values.resize(packed_bytes(product, of.size, of.key_count));
  product.pack({of.keys.data, of.key_count, of.size, of.keys.stride, 1}, nullptr, own.keys.data());
  product.pack({of.values.data, of.size, of.key_count, 1, of.values.stride}, nullptr,
               own.values.data());
}

void add_segment_bias(const Attention& of, std::size_t first, std::size_t rows, float* logits,
                      std::size_t stride) {
  for (std::size_t row = 0; row < rows; ++row, logits += stride) {
    const std::uint8_t segment = of.query_segments[first + row];
    const float bias = of.segment_bias.at(segment);
    for (std::size_t key = 0; key < of.key_count; ++key) {
      if (of.key_segments[key] != segment) logits[key] += bias;
    }
  }
}

}  // namespace

void attend_rows(const Product& product, const Kernels& kernels, const Attention& of) {
  Scratch& own = scratch();
  pack_keys_and_values(product, of, own);
  const std::size_t stride = padded(of.key_count);
  own.logits.resize(kQueryRows * stride);
  own.sums.resize(kQueryRows);
  reserve_rows(product, kQueryRows, std::max(of.size, of.key_count), own.prepared);
  for (std::size_t first = 0; first < of.query_count; first += kQueryRows) {
    const std::size_t rows = std::min(kQueryRows, of.query_count - first);
    product.prepare(of.queries.data + first * of.queries.stride, of.queries.stride, rows, of.size,
                    own.prepared.data(), product.row_bytes(of.size));
    product.multiply(own.prepared.data(), rows, own.keys.data(), of.key_count, of.size,
                     own.logits.data(), stride);
    if (of.query_segments != nullptr) add_segment_bias(of, first, rows, own.logits.data(), stride);
    product.prepare_powers(own.logits.data(), stride, rows, of.key_count, own.prepared.data(),
                           own.sums.data());
    float* const context = of.context + first * of.context_stride;
    product.multiply(own.prepared.data(), rows, own.values.data(), of.size, of.key_count, context,
                     of.context_stride);
    kernels.divide_rows(context, of.context_stride, rows, of.size, own.sums.data());
  }
}

}  // namespace tamis::engine
