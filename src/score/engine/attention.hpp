// score/engine/attention.hpp: what attention of one head is over. A plain struct: kernels of
// every instruction set read it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tamis::engine {

/// Rows of floats, or of bf16 where Attention says so, `stride` elements apart.
struct ConstRows {
  const void* data;
  std::size_t stride;

  [[nodiscard]] const float* floats(std::size_t row) const {
    return static_cast<const float*>(data) + row * stride;
  }
  [[nodiscard]] const std::uint16_t* halves(std::size_t row) const {
    return static_cast<const std::uint16_t*>(data) + row * stride;
  }
};

/// softmax(Q K^T) V of a few rows of queries over one sequence.
struct Attention {
  ConstRows queries;  ///< [query_count, size], scaled so that the softmax has base 2
  ConstRows keys;     ///< [key_count, size]
  ConstRows values;   ///< [key_count, size]
  std::size_t query_count;
  std::size_t key_count;  ///< at least 1
  std::size_t size;
  float* context;  ///< [query_count, size], written
  std::size_t context_stride;
  /// 0 or 1. Where the segments of query and key differ (null: nowhere), the query's bias is added
  /// to the logit.
  const std::uint8_t* query_segments = nullptr;
  const std::uint8_t* key_segments = nullptr;
  float segment_bias[2] = {};
  /// Queries, keys and values are rows of bf16; `size` is a multiple of kHalvesTogether then, and
  /// readable_keys(key_count) rows of keys are there.
  bool halves = false;
};

constexpr std::size_t kHalvesTogether = 32;
/// Keys that memory must be there for.
constexpr std::size_t readable_keys(std::size_t keys) { return (keys + 15) / 16 * 16; }

}  // namespace tamis::engine
