// tamis/late_interaction/multi_vector.hpp: MaxSim of vectors that the caller has: tokens of a text,
// patches of a page.
//
//   const tamis::TokenVectors query{.data = q, .rows = 32, .width = 128};
//   const std::vector<tamis::TokenVectors> pages = ...;
//   std::vector<float> scores = tamis::maxsim(query, pages);   // the sum over i of max over j of
//                                                              // query[i] . page[j]
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tamis/cancel.hpp>

namespace tamis {

enum class VectorType : std::uint8_t { fp32, fp16, bf16, int8 };

/// A view of one text's vectors, row-major. They are compared as they are: whoever wants cosines
/// gives unit vectors.
struct TokenVectors {
  const void* data = nullptr;
  std::size_t rows = 0;
  std::size_t width = 0;
  VectorType type = VectorType::fp32;
  std::size_t stride = 0;              ///< bytes from row to row; 0: they lie side by side
  std::span<const float> scales;       ///< of int8: [rows], or one for all; empty: 1
  std::span<const std::uint8_t> mask;  ///< [rows], 0: padding, never read; empty: none is
};

struct MaxSimOptions {
  /// Of the products: "fp32", "bf16", "int8" (which rounds every vector to a scale and int8).
  /// Absent: products are exact up to the rounding of sums in fp32, in bf16 where all are bf16.
  std::optional<std::string> precision;
  std::optional<CancelToken> cancel;
};

/// One score for each document, in parallel; the same bits in any company. Throws InvalidArgument
/// for widths that differ, a text without a vector, NaN and infinity; Cancelled.
[[nodiscard]] std::vector<float> maxsim(const TokenVectors& query,
                                        std::span<const TokenVectors> documents,
                                        const MaxSimOptions& options = {});

}  // namespace tamis
