// tamis/text/utf8.hpp: code points from bytes and back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tamis {

struct DecodedChar {
  char32_t code = 0;
  std::uint32_t size = 0;  ///< bytes read, at least 1
  bool valid = true;       ///< false: `code` is U+FFFD
};

/// Bytes of the code point that begins with `lead`, in valid UTF-8.
[[nodiscard]] constexpr std::uint32_t utf8_size(unsigned char lead) noexcept {
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

/// Whether a byte stands inside a character.
[[nodiscard]] constexpr bool is_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// At most `most` bytes from the front, and no part of a character at their end. What is no UTF-8
/// may be cut anywhere.
[[nodiscard]] constexpr std::string_view cut_to(std::string_view text, std::size_t most) noexcept {
  constexpr std::size_t kLongest = 4;
  if (text.size() <= most) return text;
  for (std::size_t back = 0; back < kLongest && back <= most; ++back) {
    const std::size_t end = most - back;
    if (!is_continuation(text[end])) return text.substr(0, end);
  }
  return text.substr(0, most);
}

/// The code point at `at`, which is inside `text`. For bytes that are no UTF-8, U+FFFD for each
/// maximal subpart: the longest beginning of some valid sequence, or one byte.
[[nodiscard]] inline DecodedChar decode_utf8(std::string_view text, std::size_t at) noexcept {
  constexpr char32_t kReplacement = 0xFFFD;
  const auto byte = [&](std::size_t offset) { return static_cast<unsigned char>(text[offset]); };
  const unsigned lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  if (lead < 0xC2 || lead > 0xF4) return {kReplacement, 1, false};
  const std::uint32_t size = utf8_size(static_cast<unsigned char>(lead));
  char32_t code = lead & (0x7FU >> size);
  // The second byte's range excludes overlong forms, surrogates and what is past U+10FFFF.
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (std::uint32_t i = 1; i < size; ++i) {
    if (at + i >= text.size() || byte(at + i) < low || byte(at + i) > high) {
      return {kReplacement, i, false};
    }
    code = (code << 6U) | (byte(at + i) & 0x3FU);
    low = 0x80;
    high = 0xBF;
  }
  return {code, size, true};
}

[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const DecodedChar c = decode_utf8(text, at);
    if (!c.valid) return false;
    at += c.size;
  }
  return true;
}

/// Writes at most 4 bytes to `out`; returns how many.
inline std::uint32_t encode_utf8(char32_t code, char* out) noexcept {
  const auto put = [&](int index, char32_t value) { out[index] = static_cast<char>(value); };
  if (code < 0x80) {
    put(0, code);
    return 1;
  }
  if (code < 0x800) {
    put(0, 0xC0U | (code >> 6U));
    put(1, 0x80U | (code & 0x3FU));
    return 2;
  }
  if (code < 0x10000) {
    put(0, 0xE0U | (code >> 12U));
    put(1, 0x80U | ((code >> 6U) & 0x3FU));
    put(2, 0x80U | (code & 0x3FU));
    return 3;
  }
  put(0, 0xF0U | (code >> 18U));
  put(1, 0x80U | ((code >> 12U) & 0x3FU));
  put(2, 0x80U | ((code >> 6U) & 0x3FU));
  put(3, 0x80U | (code & 0x3FU));
  return 4;
}

/// Unicode's White_Space.
[[nodiscard]] constexpr bool is_white_space(char32_t code) noexcept {
  return code == ' ' || (code >= 0x09 && code <= 0x0D) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 ||
         code == 0x202F || code == 0x205F || code == 0x3000;
}

}  // namespace tamis
