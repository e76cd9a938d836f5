// remote/answer_json.hpp: JSON of strangers.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include <tamis/cascade/clock.hpp>
#include <tamis/remote/error.hpp>

namespace tamis::remote {

/// Discarded (`is_discarded()`) where the text is no JSON. What is nested deeper than any service
/// nests is left out: copies and dumps of it recurse, and hundreds of thousands of brackets would
/// end the process. Throws RemoteError before the deadline, if there is one, comes: early enough to
/// take down what was read, and at once when the text is too long for what is left, since a single
/// string or number is read in one piece.
[[nodiscard]] inline nlohmann::json answer_json(std::string_view text,
                                                const Deadline* deadline = nullptr) {
  constexpr int kDeepest = 64;
  constexpr unsigned kEventsBetweenChecks = 512;  // some 50 microseconds
  constexpr Clock::Duration kLongestOfAByte(25);  // of digits or brackets; words take a fifth
  constexpr Clock::Duration kLongestToFree(100);  // of what an event left behind
  const auto check = [&](Clock::Duration needed) {
    if (deadline == nullptr || deadline->remaining() > needed) return;
    throw RemoteError("the deadline came before the answer was read", 0, /*may_pass=*/true);
  };
  unsigned events = 0;
  const auto keep = [&](int depth, nlohmann::json::parse_event_t, nlohmann::json&) {
    if (++events % kEventsBetweenChecks == 0) check(kLongestToFree * events);
    return depth < kDeepest;
  };
  check(kLongestOfAByte * static_cast<Clock::Duration::rep>(text.size()));
  return nlohmann::json::parse(text, keep, /*allow_exceptions=*/false);
}

}  // namespace tamis::remote
