// text/letter_case.cpp
#include "text/letter_case.hpp"

#include <utf8proc.h>

namespace tamis {
namespace {

// Letters that gained a lower case after Unicode 15, which older versions of utf8proc do not know.
char32_t newer_lower(char32_t code) {
  if (code >= 0x10D50 && code <= 0x10D65) return code + 0x20;
  if (code >= 0x16EA0 && code <= 0x16EB8) return code + 0x1B;
  switch (code) {
    case 0x1C89:
    case 0xA7CC:
    case 0xA7CE:
    case 0xA7D2:
    case 0xA7D4:
    case 0xA7DA:
      return code + 1;
    case 0xA7CB:
      return 0x264;
    case 0xA7DC:
      return 0x19B;
    default:
      return code;
  }
}

}  // namespace

char32_t lower_case(char32_t code) noexcept {
  const auto known = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
  return known != code ? known : newer_lower(code);
}

}  // namespace tamis
