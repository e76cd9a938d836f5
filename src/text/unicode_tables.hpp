// text/unicode_tables.hpp: the character classes of unicode_tables.inc.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace tamis {

struct CodePointRange {
  char32_t first;
  char32_t last;
};

#include "text/unicode_tables.inc"

/// `ranges` are in order.
template <std::size_t N>
[[nodiscard]] bool contains(const CodePointRange (&ranges)[N], char32_t code) noexcept {
  const auto* found =
      std::upper_bound(std::begin(ranges), std::end(ranges), code,
                       [](char32_t c, const CodePointRange& r) { return c < r.first; });
  return found != std::begin(ranges) && code <= std::prev(found)->last;
}

}  // namespace tamis
