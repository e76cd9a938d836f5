// text/byte_level_words.cpp
#include "text/byte_level_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "text/unicode_tables.hpp"
#include "text/utf8.hpp"

namespace tamis {
namespace {

#include "text/letter_tables.inc"

enum class CharClass : std::uint8_t { other, letter, number, space };

template <std::size_t N>
void fill(std::vector<CharClass>& classes, const CodePointRange (&ranges)[N], CharClass kind) {
  for (const auto [first, last] : ranges) {
    std::fill(classes.begin() + first, classes.begin() + last + 1, kind);
  }
}

std::vector<CharClass> all_classes() {
  std::vector<CharClass> classes(0x110000, CharClass::other);
  fill(classes, kLetters, CharClass::letter);
  fill(classes, kNumbers, CharClass::number);
  constexpr char32_t kLastSpace = 0x3000;
  for (char32_t code = 0; code <= kLastSpace; ++code) {
    if (is_white_space(code)) classes[code] = CharClass::space;
  }
  return classes;
}

/// Blocks of 256 code points; of neighbours that are equal one is kept.
class ClassTable {
 public:
  ClassTable() {
    const std::vector<CharClass> classes = all_classes();
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      std::array<CharClass, 256> entry{};
      std::copy_n(classes.begin() + static_cast<std::ptrdiff_t>(block << 8U), 256, entry.begin());
      if (block == 0 || entry != entries_.back()) entries_.push_back(entry);
      blocks_[block] = static_cast<std::uint16_t>(entries_.size() - 1);
    }
  }

  CharClass operator[](char32_t code) const { return entries_[blocks_[code >> 8U]][code & 0xFFU]; }

 private:
  std::array<std::uint16_t, 0x1100> blocks_{};
  std::vector<std::array<CharClass, 256>> entries_;
};

struct ClassedChar {
  CharClass kind;
  std::size_t end;
};

ClassedChar class_at(std::string_view text, std::size_t at) {
  static const ClassTable table;
  const DecodedChar c = decode_utf8(text, at);
  return {table[c.code], at + c.size};
}

// 0 when there is none.
std::size_t contraction_size(std::string_view text) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  constexpr std::string_view kSingle = "stmd";
  if (kSingle.find(text[1]) != std::string_view::npos) return 2;
  const std::string_view two = text.substr(1, 2);
  return two == "re" || two == "ve" || two == "ll" ? 3 : 0;
}

std::size_t run_end(std::string_view text, ClassedChar first) {
  std::size_t at = first.end;
  while (at < text.size()) {
    const ClassedChar next = class_at(text, at);
    if (next.kind != first.kind) break;
    at = next.end;
  }
  return at;
}

// The last space of a run belongs to what comes after it.
std::size_t space_end(std::string_view text, ClassedChar first) {
  std::size_t last = first.end;
  for (std::size_t at = first.end; at < text.size();) {
    const ClassedChar next = class_at(text, at);
    if (next.kind != CharClass::space) return last;
    last = at;
    at = next.end;
  }
  return text.size();
}

}  // namespace

std::size_t byte_level_word_end(std::string_view text, std::size_t at) {
  if (const std::size_t size = contraction_size(text.substr(at))) return at + size;
  const ClassedChar first = class_at(text, at);
  if (first.kind != CharClass::space) return run_end(text, first);
  if (text[at] == ' ' && first.end < text.size()) {
    const ClassedChar next = class_at(text, first.end);
    if (next.kind != CharClass::space) return run_end(text, next);
  }
  return space_end(text, first);
}

}  // namespace tamis
