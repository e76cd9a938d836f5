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

// What BERT's tokenizer takes for Chinese.
inline constexpr CodePointRange kChinese[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},  {0x20000, 0x2A6DF},
    {0x2A700, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};

/// `ranges` are in order.
template <std::size_t N>
[[nodiscard]] bool contains(const CodePointRange (&ranges)[N], char32_t code) noexcept {
  const auto* found =
      std::upper_bound(std::begin(ranges), std::end(ranges), code,
                       [](char32_t c, const CodePointRange& r) { return c < r.first; });
  return found != std::begin(ranges) && code <= std::prev(found)->last;
}

}  // namespace tamis
