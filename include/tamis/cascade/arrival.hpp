// tamis/cascade/arrival.hpp: what is known of candidates when they come.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
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

/// Which ids have come, and whether with one text each.
class Ids {
 public:
  explicit Ids(std::size_t count) { texts_.reserve(count); }

  /// Whether one with its id was added.
  [[nodiscard]] bool has(const Candidate& candidate) {
    const auto first = texts_.find(candidate.id);
    if (first == texts_.end()) return false;
    if (first->second != candidate.text) ++other_texts_;
    return true;
  }

  /// It stays where it is.
  void add(const Candidate& candidate) { texts_.emplace(candidate.id, candidate.text); }

  void tell(StageTrace& trace) const {
    if (other_texts_ == 0) return;
    trace.warnings.push_back(fmt::format(
        "{} candidates were left out, whose id came before with another text: if they are chunks "
        "of a document, give each an id of its own",
        other_texts_));
  }

 private:
  std::unordered_map<std::string_view, std::string_view> texts_;
  std::size_t other_texts_ = 0;
};

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
