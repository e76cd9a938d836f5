// score/engine/attention.hpp: softmax(Q K^T) V of a few rows of queries over one sequence.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "score/engine/kernels.hpp"

namespace tamis::engine {

/// Rows of floats, `stride` apart.
struct ConstRows {
  const float* data;
  std::size_t stride;
};

struct Attention {
  ConstRows queries;  ///< [query_count, size], scaled so that the softmax has base 2
  ConstRows keys;     ///< [key_count, size]
  ConstRows values;   ///< [key_count, size]
  std::size_t query_count;
  std::size_t key_count;
  std::size_t size;
  float* context;  ///< [query_count, size], written
  std::size_t context_stride;
  /// Where the segments of query and key differ (null: nowhere), the query's is added to the logit.
  const std::uint8_t* query_segments = nullptr;
  const std::uint8_t* key_segments = nullptr;
  std::array<float, 2> segment_bias{};
};

/// By blocks of queries, in buffers of this thread.
void attend_rows(const Product& product, const Kernels& kernels, const Attention& attention);

}  // namespace tamis::engine
