// tamis/cascade/search_together.hpp: one search for the queries of several runs.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

/// What a shared search found for one query.
struct Found {
  std::vector<Candidate> candidates;
  double ms = 0;  ///< this query's part of it
};

/// In the order of the calls; nothing at all when it failed: each run then searches by itself, with
/// its retries and fallbacks. Throws Cancelled.
inline std::vector<Found> search_together(const AnyStage& stage, StageState& state,
                                          std::span<const StageCall> calls) {
  const Clock& clock = calls.front().deadline.clock();
  const Clock::Time start = clock.now();
  if (state.open(start)) return {};
  std::vector<Found> all;
  try {
    for (StageResult& result : stage.many(calls)) {
      all.push_back({std::get<Retrieved>(std::move(result)).candidates});
    }
  } catch (const Cancelled&) {
    throw;
  } catch (...) {
    return {};
  }
  if (all.size() != calls.size()) return {};
  state.succeeded();
  const double each = milliseconds(clock.now() - start) / static_cast<double>(calls.size());
  for (Found& found : all) found.ms = each;
  return all;
}

}  // namespace tamis::detail
