// remote/json_text.cpp
#include "remote/json_text.hpp"

#include <cstddef>

#include <nlohmann/json.hpp>

#include <tamis/remote/error.hpp>
#include <tamis/text/utf8.hpp>

namespace tamis::remote {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBytesBetweenChecks = 8192;  // 0.05 ms, and 0.5 of control characters

RemoteError too_late() {
  return {"the deadline came before the request was written", 0, /*may_pass=*/true};
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
    const std::string_view part = cut_to(text, kBytesBetweenChecks);
    const std::string quoted = Json(part).dump(-1, ' ', false, Json::error_handler_t::replace);
    json.append(quoted, 1, quoted.size() - 2);
    text.remove_prefix(part.size());
  } while (!text.empty());
  json += '"';
}

}  // namespace tamis::remote
