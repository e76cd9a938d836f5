// tamis/cascade/arrival.hpp: what is known of candidates when they come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/trace.hpp>

namespace tamis::detail {

/// Those without an id have their place for one, so written that it is nobody else's.
inline void name_all(std::span<Candidate> candidates) {
  const auto nameless = [](const Candidate& one) { return one.id.empty(); };
  if (std::none_of(candidates.begin(), candidates.end(), nameless)) return;
  std::unordered_set<std::string_view> taken;
  for (const Candidate& candidate : candidates) taken.insert(candidate.id);
  for (std::size_t place = 0; place < candidates.size(); ++place) {
    if (!nameless(candidates[place])) continue;
    std::string own = std::to_string(place);
    while (taken.contains(own)) own.insert(0, 1, '#');
    candidates[place].id = std::move(own);
  }
}

/// Candidates that were ranked before they came.
struct Marks {
  std::size_t count = 0;
  std::string first;  ///< by whom

  void add(const Candidate& candidate) {
    if (!candidate.reranked_by.empty() && count++ == 0) first = candidate.reranked_by;
  }

  /// With the first stage that ranks them again.
  void tell(std::span<StageTrace> stages) const {
    const auto ranks = [](const StageTrace& stage) { return stage.scored > 0; };
    const auto again = std::find_if(stages.begin(), stages.end(), ranks);
    if (count == 0 || again == stages.end()) return;
    again->warnings.push_back(
        fmt::format("{} candidates were ranked by '{}' before they came: '{}' pays again for an "
                    "order",
                    count, first, again->name));
  }
};

}  // namespace tamis::detail
