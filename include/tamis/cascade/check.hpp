// tamis/cascade/check.hpp: what is wrong with a cascade before it runs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/cost_model.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

inline void check_stage(std::span<const CascadeStage> stages, std::size_t place) {
  const StageTraits& traits = stages[place].stage.traits();
  const StageOptions& options = stages[place].options;
  const auto fail = [&](const std::string& what) {
    raise<InvalidArgument>("stage {} '{}': {}", place + 1, traits.name, what);
  };
  if (options.keep == 0) fail("keep is 0; say how many candidates go on, at least 1");
  if (options.limit == 0U) fail("limit is 0; leave the stage out instead");
  if (options.chunk == 0) fail("chunk is 0; it must be at least 1");
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
  for (const auto& [name, weight] : options.blend) {
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
    if (other.traits().kind != traits.kind) {
      fail(fmt::format("its fallback '{}' is another kind of stage", other.traits().name));
    }
  }
}

inline bool same_scorer(const CascadeStage& left, const CascadeStage& right) {
  const std::string& scorer = left.stage.traits().scorer;
  return !scorer.empty() && scorer == right.stage.traits().scorer;
}

/// Whether the stage drops nothing and the next one puts a new order on all it sees.
inline bool changes_nothing(const CascadeStage& before, const CascadeStage& stage,
                            const CascadeStage& next) {
  const bool scores =
      stage.stage.traits().kind == StageKind::score && next.stage.traits().kind == StageKind::score;
  const bool all = !next.options.limit || *next.options.limit >= stage.options.keep;
  return scores && all && next.options.blend.empty() && !next.options.skip_margin &&
         stage.options.keep == before.options.keep;
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

inline std::vector<std::string> warnings_of(std::span<const CascadeStage> stages) {
  std::vector<std::string> warnings;
  for (std::size_t i = 1; i < stages.size(); ++i) {
    const std::string& name = stages[i].stage.traits().name;
    const std::string& before = stages[i - 1].stage.traits().name;
    if (const auto twice = two_meanings(stages.first(i), stages[i])) {
      warnings.push_back(fmt::format(
          "'{}' blends with '{}', a stage and a source of the first one: it takes the stage's "
          "scores; give the stage another name to blend with the source's",
          name, *twice));
    }
    if (same_scorer(stages[i - 1], stages[i])) {
      warnings.push_back(fmt::format(
          "'{}' and '{}' are the same scorer side by side: the second pays again for an answer "
          "that is known",
          before, name));
    }
    if (i + 1 < stages.size() && changes_nothing(stages[i - 1], stages[i], stages[i + 1])) {
      warnings.push_back(fmt::format(
          "'{}' keeps all {} that it sees and '{}' orders them anew: it cannot change the result",
          name, stages[i].options.keep, stages[i + 1].stage.traits().name));
    }
    if (stages[i].stage.traits().needs_calibrated && !stages[i - 1].stage.traits().calibrated) {
      warnings.push_back(fmt::format(
          "'{}' compares scores of '{}' with a constant, but they are not calibrated: the same "
          "number means other things for other queries",
          name, before));
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
  return warnings_of(stages);
}

}  // namespace tamis::detail
