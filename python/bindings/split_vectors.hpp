// bindings/split_vectors.hpp: documents that lie in one array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tamis/late_interaction/multi_vector.hpp>

/// Document i is rows [offsets[i], offsets[i + 1]) of `all`, whose stride is given. The caller has
/// checked that the offsets ascend from 0 to the number of rows.
inline std::vector<tamis::TokenVectors> split(const tamis::TokenVectors& all,
                                              std::span<const std::int64_t> offsets) {
  std::vector<tamis::TokenVectors> documents;
  for (std::size_t i = 1; i < offsets.size(); ++i) {
    const auto first = static_cast<std::size_t>(offsets[i - 1]);
    tamis::TokenVectors own = all;
    own.data = static_cast<const std::byte*>(all.data) + first * all.stride;
    own.rows = static_cast<std::size_t>(offsets[i]) - first;
    if (own.scales.size() > 1) own.scales = own.scales.subspan(first, own.rows);
    if (!own.mask.empty()) own.mask = own.mask.subspan(first, own.rows);
    documents.push_back(own);
  }
  return documents;
}
