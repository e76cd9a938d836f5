// remote/json_text.cpp
#include "remote/json_text.hpp"

#include <algorithm>
#include <cstddef>

#include <nlohmann/json.hpp>

#include <tamis/remote/error.hpp>

namespace tamis::remote {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBytesBetweenChecks = 8192;  // 0.05 ms, and 0.5 of control characters

RemoteError too_late() {
  return {"the deadline came before the request was written", 0, /*may_pass=*/true};
}

/// How many bytes to take so that no character is split, if `text` is UTF-8.
std::size_t whole_characters(std::string_view text, std::size_t most) {
  constexpr std::size_t kLongestCharacter = 4;
  if (text.size() <= most) return text.size();
  for (std::size_t end = most; end + kLongestCharacter > most; --end) {
    if ((static_cast<unsigned char>(text[end]) & 0xc0U) != 0x80U) return end;
  }
  return most;
}

}  // namespace

void require_time_for(std::size_t bytes, const Deadline& deadline) {
  constexpr Clock::Duration kLongestOfAByte(20);
  if (deadline.remaining() <= kLongestOfAByte * static_cast<Clock::Duration::rep>(bytes)) {
    throw too_late();
  }
}

void append_text(std::string& json, std::string_view text, const Deadline* deadline) {
  json += '"';
  do {
    if (deadline != nullptr && deadline->passed()) throw too_late();
    const std::size_t taken = whole_characters(text, kBytesBetweenChecks);
    const std::string quoted =
        Json(text.substr(0, taken)).dump(-1, ' ', false, Json::error_handler_t::replace);
    json.append(quoted, 1, quoted.size() - 2);
    text.remove_prefix(taken);
  } while (!text.empty());
  json += '"';
}

}  // namespace tamis::remote
