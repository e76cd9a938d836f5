// Decoding: every code point round trips, and bytes that are no UTF-8 read as the Unicode Standard
// recommends (section 3.9, table 3-8).
#include <string_view>
#include <vector>

#include <tamis/text/utf8.hpp>

#include "support/catch.hpp"

namespace {

std::vector<char32_t> decode(std::string_view text) {
  std::vector<char32_t> codes;
  for (std::size_t at = 0; at < text.size();) {
    const auto c = tamis::decode_utf8(text, at);
    codes.push_back(c.code);
    at += c.size;
  }
  return codes;
}

constexpr char32_t kBad = 0xFFFD;

}  // namespace

TEST_CASE("every code point round trips", "[text]") {
  for (char32_t code = 0; code < 0x110000; ++code) {
    if (code >= 0xD800 && code < 0xE000) continue;
    char buffer[4];
    const auto size = tamis::encode_utf8(code, buffer);
    const auto c = tamis::decode_utf8({buffer, size}, 0);
    if (!c.valid || c.code != code || c.size != size)
      FAIL("code point " << std::hex << unsigned(code));
  }
}

TEST_CASE("each maximal subpart of a broken sequence is one replacement character", "[text]") {
  using Codes = std::vector<char32_t>;
  CHECK(decode("a\x80z") == Codes{U'a', kBad, U'z'});
  CHECK(decode("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41") ==
        Codes{kBad, kBad, kBad, kBad, kBad, kBad, kBad, kBad, U'A'});
  CHECK(decode("\xED\xA0\x80\xED\xBF\xBF\x41") == Codes{kBad, kBad, kBad, kBad, kBad, kBad, U'A'});
  CHECK(decode("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42") ==
        Codes{kBad, kBad, kBad, kBad, kBad, U'A', kBad, kBad, U'B'});
  CHECK(decode("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41") == Codes{kBad, kBad, kBad, kBad, U'A'});
  CHECK(decode("\xE2\x82") == Codes{kBad});
}
