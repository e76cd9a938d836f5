// remote/json_text.hpp: JSON with long texts in it, written inside a deadline.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <tamis/cascade/clock.hpp>

namespace tamis::remote {

/// For texts that are written in one piece. Throws RemoteError when that may take longer than is
/// left.
void require_time_for(std::size_t bytes, const Deadline& deadline);

/// Appends `text` as a JSON string, invalid UTF-8 as U+FFFD. Throws RemoteError when the deadline,
/// if there is one, passes meanwhile.
void append_text(std::string& json, std::string_view text, const Deadline* deadline);

/// The text of an object (of nlohmann's) that is to get more members: without its last brace.
template <typename Json>
std::string open_object(const Json& object) {
  std::string json = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  json.pop_back();
  return json;
}

}  // namespace tamis::remote
