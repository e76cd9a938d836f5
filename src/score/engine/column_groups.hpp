// score/engine/column_groups.hpp: where queries, keys and values lie.
#pragma once

#include <cstddef>
#include <numeric>

namespace tamis::engine {

/// A matrix of `rows` rows whose columns lie in groups: a group's rows are side by side in memory,
/// so that attention reads a head from one place, not a piece out of every long row.
struct ColumnGroups {
  std::size_t rows;
  std::size_t width;  ///< of a group

  [[nodiscard]] std::size_t at(std::size_t row, std::size_t column) const {
    return column / width * rows * width + row * width + column % width;
  }
};

/// Groups of whole heads and of whole panels; all columns are one group where `hidden` is not made
/// of such.
[[nodiscard]] inline ColumnGroups head_groups(std::size_t rows, std::size_t columns,
                                              std::size_t hidden, std::size_t head_size,
                                              std::size_t panel) {
  const std::size_t whole = std::lcm(head_size, panel);
  return {rows, hidden % whole == 0 ? whole : columns};
}

}  // namespace tamis::engine
