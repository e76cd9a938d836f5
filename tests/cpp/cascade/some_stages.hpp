// tests/cpp/cascade/some_stages.hpp: candidates, and stages that do little.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/cascade/cascade.hpp>

namespace some {

using tamis::AnyStage;
using tamis::Candidate;
using tamis::CascadeResult;
using tamis::ManualClock;

/// Candidates "0", "1", ... with texts of that many letters.
inline std::vector<Candidate> candidates(std::size_t count) {
  std::vector<Candidate> found;
  for (std::size_t i = 0; i < count; ++i) {
    found.push_back({std::to_string(i), std::string(i, 'x'), 1.0F / static_cast<float>(i + 1), {}});
  }
  return found;
}

inline AnyStage finder(std::size_t count) {
  return tamis::stages::retrieve("find", [count](std::string_view) { return candidates(count); });
}

/// Longer texts score higher; each takes `each` of the clock.
inline AnyStage longest(const std::shared_ptr<ManualClock>& clock = {},
                        tamis::Clock::Duration each = {}, std::string name = "longest") {
  return {tamis::StageTraits{.name = name, .scorer = name, .divisible = true},
          [clock, each](const tamis::StageCall& call) -> tamis::StageResult {
            tamis::Scored scored{.scores = {}};
            for (const std::string_view text : call.texts) {
              scored.scores.push_back(static_cast<float>(text.size()));
              if (clock) clock->advance(each);
            }
            return scored;
          }};
}

inline AnyStage broken(std::string name = "broken") {
  return tamis::stages::callable(std::move(name),
                                 [](std::string_view, std::span<const std::string_view>) {
                                   throw std::runtime_error("503 from the server");
                                   return std::vector<float>();
                                 });
}

inline std::string ids(const CascadeResult& result) {
  std::string found;
  for (const tamis::CascadeHit& hit : result.hits) found += hit.candidate.id + ' ';
  return found;
}

}  // namespace some
