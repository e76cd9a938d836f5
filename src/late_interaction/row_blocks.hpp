// late_interaction/row_blocks.hpp: documents side by side until they have enough rows together.
#pragma once

#include <cstddef>
#include <vector>

namespace tamis {

/// Rows whose products stay in a core's cache until they are read.
inline constexpr std::size_t kBlockRows = 256;

/// Where each block of about kBlockRows rows ends; `rows_of(i)` are those of document i.
template <typename RowsOf>
[[nodiscard]] std::vector<std::size_t> block_ends(std::size_t documents, RowsOf&& rows_of) {
  std::vector<std::size_t> ends;
  std::size_t rows = 0;
  for (std::size_t i = 0; i < documents; ++i) {
    rows += rows_of(i);
    if (rows < kBlockRows && i + 1 < documents) continue;
    ends.push_back(i + 1);
    rows = 0;
  }
  return ends;
}

}  // namespace tamis
