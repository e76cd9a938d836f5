// tamis/cascade/check.hpp: what is wrong with a cascade before it runs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/cost_model.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

inline std::string not_negative(const char* option, double value) {
  return fmt::format("{} is {}; it must be at least 0", option, value);
}

inline void check_stage(std::span<const CascadeStage> stages, std::size_t place) {
  const StageTraits& traits = stages[place].stage.traits();
  const StageOptions& options = stages[place].options;
  const auto fail = [&](const std::string& what) {
    raise<InvalidArgument>("stage {} '{}': {}", place + 1, traits.name, what);
  };
  if (traits.name.empty()) fail("it has no name: traces and blends need one");
  if (options.keep == 0) fail("keep is 0; say how many candidates go on, at least 1");
  if (options.limit == 0U) fail("limit is 0; leave the stage out instead");
  if (options.chunk == 0) fail("chunk is 0; it must be at least 1");
  if (options.breaker == 0) fail("breaker is 0; it must be at least 1");
  if (!(options.backoff_ms >= 0)) fail(not_negative("backoff_ms", options.backoff_ms));
  if (!(options.breaker_ms >= 0)) fail(not_negative("breaker_ms", options.breaker_ms));
  if (options.skip_margin && std::isnan(*options.skip_margin)) fail("skip_margin is NaN");
  if (options.share && !(*options.share > 0 && *options.share <= 1)) {
    fail(fmt::format("share is {}; it is a part of the budget, in (0, 1]", *options.share));
  }
  if (traits.kind == StageKind::retrieve && place > 0) fail("only the first stage retrieves");
  if (place > 0 && options.keep > stages[place - 1].options.keep) {
    fail(fmt::format("keep is {}, more than the {} that '{}' lets through", options.keep,
                     stages[place - 1].options.keep, stages[place - 1].stage.traits().name));
  }
  if (place == 0 && traits.kind == StageKind::score && !options.limit) {
    fail("the first stage scores whatever comes; give it a limit");
  }
  if (traits.kind != StageKind::score && (!options.blend.empty() || options.skip_margin)) {
    fail("blend and skip_margin (Python: skip_if) are for stages that score");
  }
  for (const auto& [name, weight] : options.blend) {
    if (!std::isfinite(weight)) {
      fail(fmt::format("blends with {} times '{}'; a weight must be finite", weight, name));
    }
    bool found = name == "input" && stages[0].stage.traits().kind != StageKind::retrieve;
    for (std::size_t i = 0; i < place; ++i) found = found || stages[i].stage.traits().name == name;
    const std::vector<std::string> sources = stages[0].stage.traits().sources;
    found = found || std::find(sources.begin(), sources.end(), name) != sources.end();
    if (!found) {
      fail(fmt::format("blends with '{}', which is no earlier stage{}", name,
                       sources.empty() ? ""
                                       : fmt::format(", nor a source of the first ({})",
                                                     fmt::join(sources, ", "))));
    }
  }
  for (const AnyStage& other : options.fallback) {
    if (other.traits().name.empty()) fail("a fallback has no name: the trace says by it what ran");
    if (other.traits().kind != traits.kind) {
      fail(fmt::format("its fallback '{}' is another kind of stage", other.traits().name));
    }
  }
}

inline bool same_scorer(const CascadeStage& left, const CascadeStage& right) {
  const std::string& scorer = left.stage.traits().scorer;
  return !scorer.empty() && scorer == right.stage.traits().scorer;
}

/// The last of the stages whose scores are those that the next one sees; null where candidates
/// still have the scores that they came with.
inline const CascadeStage* last_scorer(std::span<const CascadeStage> before) {
  const auto gives_scores = [](const CascadeStage& one) {
    return one.stage.traits().kind != StageKind::select;
  };
  const auto found = std::find_if(before.rbegin(), before.rend(), gives_scores);
  return found == before.rend() ? nullptr : &*found;
}

/// Whose scores those are: a stage's place, or kInputStage.
inline std::size_t place_of_last_scorer(std::span<const CascadeStage> before) {
  const CascadeStage* const found = last_scorer(before);
  return found == nullptr ? kInputStage : static_cast<std::size_t>(found - before.data());
}

inline std::string_view name_of(std::span<const CascadeStage> stages, std::size_t place) {
  return place == kInputStage ? "input" : std::string_view(stages[place].stage.traits().name);
}

/// Whether stage `place` drops nothing and the next one puts a new order on all it sees, so that
/// nothing is left of its own. In a hurry something is: what the next one does not get to.
inline bool changes_nothing(std::span<const CascadeStage> stages, std::size_t place, bool hurried) {
  if (hurried || place + 1 == stages.size()) return false;
  constexpr auto kAny = std::numeric_limits<std::size_t>::max();
  const auto& [stage, options] = stages[place];
  const std::size_t sees =
      std::min(place == 0 ? kAny : stages[place - 1].options.keep, options.limit.value_or(kAny));
  const CascadeStage& next = stages[place + 1];
  const bool scores =
      stage.traits().kind == StageKind::score && next.stage.traits().kind == StageKind::score;
  const bool all = !next.options.limit || *next.options.limit >= options.keep;
  const bool blended = std::any_of(stages.begin() + static_cast<std::ptrdiff_t>(place),
                                   stages.end(), [&stage = stage](const CascadeStage& later) {
                                     return later.options.blend.contains(stage.traits().name);
                                   });
  return scores && all && !blended && !next.options.skip_margin && options.keep >= sees;
}

/// The warning, where a stage compares scores with a constant that no stage has calibrated.
inline std::optional<std::string> not_calibrated(std::span<const CascadeStage> before,
                                                 const CascadeStage& stage) {
  if (!stage.stage.traits().needs_calibrated) return std::nullopt;
  const CascadeStage* const scorer = last_scorer(before);
  if (scorer != nullptr && scorer->stage.traits().calibrated) return std::nullopt;
  return fmt::format(
      "'{}' compares scores of '{}' with a constant, but they are not calibrated: the same number "
      "means other things for other queries (a model's scores are logits here, of which 0 is a "
      "probability of 0.5)",
      stage.stage.traits().name,
      scorer == nullptr ? std::string("input") : scorer->stage.traits().name);
}

/// Milliseconds a candidate, over all calls that are remembered; nothing where they are too few.
inline std::optional<double> each_costs(const std::vector<CostModel::Observation>& seen) {
  constexpr std::size_t kEnough = 4;
  double items = 0;
  double ms = 0;
  for (const CostModel::Observation& one : seen) {
    items += one.work.items;
    ms += one.ms;
  }
  return seen.size() < kEnough ? std::nullopt : std::optional(ms / items);
}

/// The warning, where two neighbours that cost something cost the same: the first is no sieve.
inline std::optional<std::string> equal_costs(
    const AnyStage& before, const std::vector<CostModel::Observation>& seen_before,
    const AnyStage& stage, const std::vector<CostModel::Observation>& seen) {
  constexpr double kCheap = 0.05;  // milliseconds a candidate
  constexpr double kEqual = 1.25;
  if (before.traits().kind == StageKind::retrieve) return std::nullopt;  // a search is one item
  const auto left = each_costs(seen_before);
  const auto right = each_costs(seen);
  if (!left || !right || std::min(*left, *right) < kCheap) return std::nullopt;
  if (std::max(*left, *right) > kEqual * std::min(*left, *right)) return std::nullopt;
  return fmt::format(
      "'{}' and '{}' cost the same, {:.2g} and {:.2g} ms a candidate: the first spares the second "
      "nothing that it does not cost itself",
      before.traits().name, stage.traits().name, *left, *right);
}

/// A blend's name that is both a stage before and a source of the first.
inline std::optional<std::string> two_meanings(std::span<const CascadeStage> before,
                                               const CascadeStage& stage) {
  const std::vector<std::string> sources = before.front().stage.traits().sources;
  for (const auto& [name, weight] : stage.options.blend) {
    const auto named = [&name = name](const CascadeStage& one) {
      return one.stage.traits().name == name;
    };
    if (std::find(sources.begin(), sources.end(), name) == sources.end()) continue;
    if (std::any_of(before.begin(), before.end(), named)) return name;
  }
  return std::nullopt;
}

/// `hurried`: there is a budget.
inline std::vector<std::string> warnings_of(std::span<const CascadeStage> stages, bool hurried) {
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::string& name = stages[i].stage.traits().name;
    if (auto constant = not_calibrated(stages.first(i), stages[i])) {
      warnings.push_back(*std::move(constant));
    }
    if (changes_nothing(stages, i, hurried)) {
      warnings.push_back(fmt::format(
          "'{}' keeps all {} that it sees and '{}' orders them anew: it cannot change the result",
          name, stages[i].options.keep, stages[i + 1].stage.traits().name));
    }
    if (i == 0) continue;
    if (const auto twice = two_meanings(stages.first(i), stages[i])) {
      warnings.push_back(fmt::format(
          "'{}' blends with '{}', a stage and a source of the first one: it takes the stage's "
          "scores; give the stage another name to blend with the source's",
          name, *twice));
    }
    const CascadeStage* const before = last_scorer(stages.first(i));
    if (before != nullptr && same_scorer(*before, stages[i])) {
      warnings.push_back(fmt::format(
          "'{}' and '{}' are the same scorer side by side: the second pays again for an answer "
          "that is known",
          before->stage.traits().name, name));
    }
  }
  return warnings;
}

/// Throws InvalidArgument for what cannot run; returns what runs but is not meant.
inline std::vector<std::string> check(std::span<const CascadeStage> stages,
                                      const CascadeOptions& options) {
  if (stages.empty()) raise<InvalidArgument>("a cascade needs at least one stage");
  if (options.budget_ms && !(*options.budget_ms > 0)) {
    raise<InvalidArgument>("budget_ms is {}; it must be above 0", *options.budget_ms);
  }
  if (!options.clock) raise<InvalidArgument>("a cascade needs a clock");
  for (std::size_t place = 0; place < stages.size(); ++place) check_stage(stages, place);
  return warnings_of(stages, options.budget_ms.has_value());
}

}  // namespace tamis::detail
