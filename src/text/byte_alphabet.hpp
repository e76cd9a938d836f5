// text/byte_alphabet.hpp: GPT-2's way to write bytes as printable characters in vocabulary files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tamis/text/utf8.hpp>

namespace tamis {

/// The byte that a character stands for. Printable Latin-1 stands for itself; the other bytes are,
/// in their order, the characters from U+0100 on ("Ġ" is the space).
[[nodiscard]] constexpr std::optional<unsigned char> byte_of_character(char32_t code) {
  const auto is_printable = [](char32_t c) {
    return (c >= '!' && c <= '~') || (c >= 0xA1 && c <= 0xAC) || (c >= 0xAE && c <= 0xFF);
  };
  if (is_printable(code)) return static_cast<unsigned char>(code);
  char32_t other = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    if (!is_printable(byte) && other++ == code) return static_cast<unsigned char>(byte);
  }
  return std::nullopt;
}

/// Empty when a character stands for no byte, as in special tokens: text never gives such a piece.
[[nodiscard]] inline std::string bytes_of_piece(std::string_view piece) {
  std::string bytes;
  for (std::size_t at = 0; at < piece.size();) {
    const DecodedChar c = decode_utf8(piece, at);
    const auto byte = byte_of_character(c.code);
    if (!byte) return {};
    bytes.push_back(static_cast<char>(*byte));
    at += c.size;
  }
  return bytes;
}

}  // namespace tamis
