// text/byte_level_words.cpp
#include "text/byte_level_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tamis/text/tokenizer.hpp>
#include <tamis/text/utf8.hpp>

#include "text/unicode_tables.hpp"

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

bool ends_line(std::string_view text, std::size_t at) {
  return at < text.size() && (text[at] == '\r' || text[at] == '\n');
}

// 0 when there is none.
std::size_t contraction_size(std::string_view text) {
  if (text.size() < 2 || text[0] != '\'') return 0;
  constexpr std::string_view kSingle = "stmd";
  if (kSingle.find(text[1]) != std::string_view::npos) return 2;
  const std::string_view two = text.substr(1, 2);
  return two == "re" || two == "ve" || two == "ll" ? 3 : 0;
}

// Of either case; the long s is an s there too.
std::size_t cased_contraction_size(std::string_view text) {
  if (text.starts_with("'\xC5\xBF")) return 3;
  std::array<char, 3> lower{};
  for (std::size_t i = 0; i < std::min(text.size(), lower.size()); ++i) {
    lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] + 32) : text[i];
  }
  return contraction_size({lower.data(), std::min(text.size(), lower.size())});
}

std::size_t run_end(std::string_view text, ClassedChar first, std::size_t most = kNoLimit) {
  std::size_t at = first.end;
  for (std::size_t count = 1; at < text.size() && count < most; ++count) {
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

// Where the last line of a run of white space begins; 0 where all is one line.
std::size_t lines_end(std::string_view text, std::size_t at) {
  std::size_t end = 0;
  while (at < text.size()) {
    const ClassedChar next = class_at(text, at);
    if (next.kind != CharClass::space) break;
    if (ends_line(text, at)) end = next.end;
    at = next.end;
  }
  return end;
}

// Line ends stay with the signs before them.
std::size_t signs_end(std::string_view text, ClassedChar first) {
  std::size_t end = run_end(text, first);
  while (ends_line(text, end)) ++end;
  return end;
}

std::size_t gpt2_word_end(std::string_view text, std::size_t at) {
  if (const std::size_t size = contraction_size(text.substr(at))) return at + size;
  const ClassedChar first = class_at(text, at);
  if (first.kind != CharClass::space) return run_end(text, first);
  if (text[at] == ' ' && first.end < text.size()) {
    const ClassedChar next = class_at(text, first.end);
    if (next.kind != CharClass::space) return run_end(text, next);
  }
  return space_end(text, first);
}

// As GPT-4's, but for how many digits are one word.
std::size_t gpt4_word_end(std::string_view text, std::size_t at, std::size_t digits) {
  if (const std::size_t size = cased_contraction_size(text.substr(at))) return at + size;
  const ClassedChar first = class_at(text, at);
  if (first.kind == CharClass::letter) return run_end(text, first);
  if (first.kind == CharClass::number) return run_end(text, first, digits);
  if (first.end < text.size()) {
    const ClassedChar next = class_at(text, first.end);
    if (next.kind == CharClass::letter && !ends_line(text, at)) return run_end(text, next);
    if (next.kind == CharClass::other && text[at] == ' ') return signs_end(text, next);
  }
  if (first.kind == CharClass::other) return signs_end(text, first);
  const std::size_t lines = lines_end(text, at);
  return lines != 0 ? lines : space_end(text, first);
}

}  // namespace

std::size_t byte_level_word_end(WordPattern pattern, std::string_view text, std::size_t at) {
  switch (pattern) {
    case WordPattern::whole:
      return text.size();
    case WordPattern::gpt2:
      return gpt2_word_end(text, at);
    case WordPattern::qwen2:
      return gpt4_word_end(text, at, 1);
    case WordPattern::llama3:
      return gpt4_word_end(text, at, 3);
  }
  return text.size();
}

}  // namespace tamis
