// cross_encoder/unique_pairs.hpp: equal pairs are scored once, longest first, in groups of bounded
// size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tamis/cross_encoder.hpp>

namespace tamis {

struct UniquePairs {
  std::vector<TextPair> pairs;          ///< each different pair once, longest first
  std::vector<std::uint32_t> index_of;  ///< [caller's pairs], index into `pairs`
};

[[nodiscard]] UniquePairs unique_pairs(std::span<const TextPair> pairs);

/// Cuts `pairs` into runs of at most `max_pairs` pairs and, unless one pair alone is longer,
/// `max_bytes` bytes: the tokens of one group are in memory at a time. Returns the ends of the
/// runs.
[[nodiscard]] std::vector<std::size_t> group_ends(std::span<const TextPair> pairs,
                                                  std::size_t max_pairs, std::size_t max_bytes);

}  // namespace tamis
