// text/byte_level_words.cpp
#include "text/byte_level_words.hpp"

#include <array>
#include <cstdint>
#include <vector>

#include "text/unicode_tables.hpp"
#include "text/utf8.hpp"

namespace tamis {
namespace {

#include "text/letter_tables.inc"

enum class CharClass : std::uint8_t { other, letter, number, space };

CharClass find_class(char32_t code) {
  if (is_white_space(code)) return CharClass::space;
  if (contains(kLetters, code)) return CharClass::letter;
  return contains(kNumbers, code) ? CharClass::number : CharClass::other;
}

/// Blocks of 256 code points; the many equal ones are kept once.
class ClassTable {
 public:
  ClassTable() {
    for (std::size_t block = 0; block < blocks_.size(); ++block) {
      std::array<CharClass, 256> classes{};
      for (std::size_t i = 0; i < 256; ++i) {
        classes[i] = find_class(static_cast<char32_t>(block << 8U | i));
      }
      if (block == 0 || classes != entries_.back()) entries_.push_back(classes);
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
