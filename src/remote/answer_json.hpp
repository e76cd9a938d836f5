// remote/answer_json.hpp: JSON of strangers.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

namespace tamis::remote {

/// Discarded (`is_discarded()`) where the text is no JSON. What is nested deeper than any service
/// nests is left out: copies and dumps of it recurse, and hundreds of thousands of brackets would
/// end the process.
[[nodiscard]] inline nlohmann::json answer_json(std::string_view text) {
  constexpr int kDeepest = 64;
  return nlohmann::json::parse(
      text,
      [](int depth, nlohmann::json::parse_event_t, nlohmann::json&) { return depth < kDeepest; },
      /*allow_exceptions=*/false);
}

}  // namespace tamis::remote
