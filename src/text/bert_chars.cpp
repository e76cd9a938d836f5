// text/bert_chars.cpp
#include "text/bert_chars.hpp"

#include <array>
#include <vector>

#include <utf8proc.h>

#include <tamis/text/utf8.hpp>

#include "text/letter_case.hpp"
#include "text/unicode_tables.hpp"

namespace tamis {
namespace {

// What has an entry other than "a letter, itself" is in here; the rest of Unicode is unassigned,
// private use, or letters without case. Ideographs and private use are set apart.
constexpr CodePointRange kScanned[] = {{0, 0x33FF},       {0x4DC0, 0x4DFF},  {0xA000, 0xABFF},
                                       {0xD7A4, 0xD7FF},  {0xF900, 0x1FFFF}, {0x2F800, 0x2FA1F},
                                       {0xE0000, 0xE0FFF}};
constexpr CodePointRange kPrivate[] = {{0xE000, 0xF8FF}, {0xF0000, 0xFFFFD}, {0x100000, 0x10FFFD}};

constexpr char32_t kHangulFirst = 0xAC00;
constexpr char32_t kHangulLast = 0xD7A3;

std::span<const utf8proc_int32_t> decompose(char32_t code,
                                            std::array<utf8proc_int32_t, 32>& buffer) {
  int last_class = 0;
  buffer[0] = static_cast<utf8proc_int32_t>(code);
  if (contains(kNewerDecompositions, code)) return {buffer.data(), 1};
  const auto count = utf8proc_decompose_char(
      buffer[0], buffer.data(), static_cast<utf8proc_ssize_t>(buffer.size()),
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &last_class);
  if (count < 1) {
    buffer[0] = static_cast<utf8proc_int32_t>(code);
    return {buffer.data(), 1};
  }
  return {buffer.data(), static_cast<std::size_t>(count)};
}

CharEntry classified(char32_t code, bool chinese) {
  if (is_white_space(code)) return {CharKind::space, code};
  if (chinese || contains(kPunctuation, code)) return {CharKind::isolated, code};
  return {CharKind::letter, code};
}

}  // namespace

int BertChars::combining_class(char32_t code) noexcept {
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class;
}

BertChars::BertChars(const BertCharOptions& options) {
  blocks_.fill(kPlain);
  fill(options);
}

void BertChars::fill(const BertCharOptions& options) {
  for (const auto [first, last] : kScanned) {
    for (char32_t code = first; code <= last; ++code) {
      if (const CharEntry entry = entry_for(code, options);
          entry.bits != CharEntry(CharKind::letter, code).bits) {
        set(code, entry);
      }
    }
  }
  const auto set_all = [&](const auto& ranges, CharKind kind) {
    for (const auto [first, last] : ranges) {
      for (char32_t code = first; code <= last; ++code) {
        if ((*this)[code].bits == CharEntry(CharKind::letter, code).bits) set(code, {kind, code});
      }
    }
  };
  if (options.split_chinese) set_all(kChinese, CharKind::isolated);
  if (options.clean_text) set_all(kPrivate, CharKind::drop);
  if (options.strip_accents) {
    set_all(std::array{CodePointRange{kHangulFirst, kHangulLast}}, CharKind::hangul);
  }
}

void BertChars::set(char32_t code, CharEntry entry) {
  std::uint16_t& block = blocks_[code >> kBits];
  if (block == kPlain) {
    block = static_cast<std::uint16_t>(entries_.size() >> kBits);
    const char32_t first = code & ~kMask;
    for (char32_t i = 0; i <= kMask; ++i) entries_.emplace_back(CharKind::letter, first + i);
  }
  entries_[(std::size_t{block} << kBits) + (code & kMask)] = entry;
}

void BertChars::append_lowered(std::vector<CharEntry>& out, char32_t code,
                               const BertCharOptions& options) const {
  if (options.lowercase && code == kDottedI) {
    out.emplace_back(CharKind::letter, U'i');
    out.emplace_back(CharKind::letter, char32_t{0x307});
    return;
  }
  out.push_back(classified(options.lowercase ? lower_case(code) : code, false));
}

CharEntry BertChars::entry_for(char32_t code, const BertCharOptions& options) {
  if (options.clean_text && contains(kRemoved, code)) return {CharKind::drop, code};
  if (options.clean_text && is_white_space(code)) return {CharKind::space, U' '};
  const bool chinese = options.split_chinese && contains(kChinese, code);
  std::array<utf8proc_int32_t, 32> buffer{};
  std::span<const utf8proc_int32_t> parts;
  if (options.strip_accents) {
    parts = decompose(code, buffer);
  } else {
    buffer[0] = static_cast<utf8proc_int32_t>(code);
    parts = {buffer.data(), 1};
  }
  std::vector<CharEntry> out;
  for (const utf8proc_int32_t part : parts) {
    const auto c = static_cast<char32_t>(part);
    if (options.strip_accents && contains(kAccents, c)) {
      out.emplace_back(contains(kReordered, c) ? CharKind::drop : CharKind::accent, c);
    } else if (options.strip_accents && contains(kReordered, c)) {
      out.emplace_back(CharKind::mark, c);
    } else if (chinese) {
      out.emplace_back(CharKind::isolated, c);
    } else {
      append_lowered(out, c, options);
    }
  }
  // A dropped mark after a letter changes nothing: the letter is what later marks attach to.
  std::erase_if(out, [&](CharEntry e) { return e.kind() == CharKind::drop && out.size() > 1; });
  if (out.size() == 1) return out[0];
  if (out.empty()) return {CharKind::drop, code};
  const auto index = static_cast<char32_t>(pool_.size());
  CharEntry length;
  length.bits = static_cast<std::uint32_t>(out.size());
  pool_.push_back(length);
  pool_.insert(pool_.end(), out.begin(), out.end());
  return {CharKind::several, index};
}

}  // namespace tamis
