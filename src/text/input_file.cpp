// text/input_file.cpp
#include "text/input_file.hpp"

#include <algorithm>

namespace tamis {

std::size_t json_depth(std::string_view text) noexcept {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

std::string with_json_numbers(std::string_view text) {
  constexpr std::string_view kNan = "NaN";
  constexpr std::string_view kInfinity = "Infinity";
  std::string out;
  out.reserve(text.size());
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (!quoted && rest.starts_with(kNan)) {
      out += "\"NaN\"";
      i += kNan.size() - 1;
    } else if (!quoted && rest.starts_with(kInfinity)) {
      out += "1.7976931348623157e308";
      i += kInfinity.size() - 1;
    } else {
      out += text[i];
      if (text[i] == '"') quoted = !quoted;
      if (quoted && text[i] == '\\' && i + 1 < text.size()) out += text[++i];
    }
  }
  return out;
}

std::string shown(const nlohmann::json& value) {
  constexpr std::size_t kLongest = 60;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);  // cut, it is still UTF-8
  if (text.size() > kLongest) text.replace(kLongest, std::string::npos, "...");
  return text;
}

}  // namespace tamis
