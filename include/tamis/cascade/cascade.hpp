// tamis/cascade/cascade.hpp: the second front door: stages, a budget, and what a run did.
//
//   tamis::Cascade cascade({{bm25, {.keep = 200}}, {tamis::stages::rerank(model), {.keep = 25}}},
//                          {.budget_ms = 1500});
//   tamis::CascadeResult result = cascade.run("who signed the treaty?");
//   std::cout << result.hits[0].candidate.text << '\n' << tamis::to_table(result.trace);
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/cancel.hpp>
#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/check.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/run.hpp>
#include <tamis/cascade/score_together.hpp>
#include <tamis/cascade/search_together.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>

namespace tamis {

namespace detail {

/// Scores and costs are told by name: a second "rerank" becomes "rerank 2", and so does an "input"
/// where candidates come with scores of that name.
inline std::vector<CascadeStage> with_own_names(std::vector<CascadeStage> stages) {
  std::set<std::string> taken;
  if (!stages.empty() && stages[0].stage.traits().kind != StageKind::retrieve) {
    taken.insert("input");
  }
  for (auto& [stage, options] : stages) {
    std::string name = stage.traits().name;
    for (int count = 2; !taken.insert(name).second; ++count) {
      name = fmt::format("{} {}", stage.traits().name, count);
    }
    if (name != stage.traits().name) stage = stage.named(std::move(name));
  }
  return stages;
}

inline std::string cost_of(const StageState& state) {
  const std::size_t calls = state.observations().size();
  if (calls == 0) return "";
  const auto [fixed, item, token] = state.cost();
  return fmt::format("; {:.2g} ms + {:.2g} ms an item + {:.2g} ms a token, learnt from {} call{}",
                     fixed, item, token, calls, calls == 1 ? "" : "s");
}

inline void search(const CascadeStage& stage, StageState& state, std::span<Run> runs) {
  std::vector<StageCall> calls;
  const Deadline deadline = runs.front().deadline_of(stage.options);
  for (const Run& run : runs) calls.push_back(run.search_call(deadline));
  std::vector<Found> all = search_together(stage.stage, state, calls);
  for (std::size_t i = 0; i < all.size(); ++i) runs[i].give(std::move(all[i]));
}

/// All runs through one stage.
inline void pass(const CascadeStage& stage, StageState& state, const Deadline& deadline,
                 std::size_t place, std::span<Run> runs) {
  const auto part = [](std::size_t count) { return 1.0 / static_cast<double>(count); };
  const bool together = runs.size() > 1 && stage.stage.takes_many();
  const bool retrieves = stage.stage.traits().kind == StageKind::retrieve;
  if (together && retrieves) search(stage, state, runs);
  if (!together || retrieves) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      runs[i].begin(place, part(runs.size() - i));
      runs[i].end(place);
    }
    return;
  }
  std::vector<ScoreTask*> tasks;
  for (Run& run : runs) {
    run.begin(place, part(runs.size()));
    if (run.task() != nullptr && run.task()->own) tasks.push_back(run.task());
  }
  if (!tasks.empty() && !state.open(deadline.clock().now())) {
    Together(stage.stage, stage.options, tasks).run(state);
  }
  for (std::size_t i = 0; i < runs.size(); ++i) runs[i].end(place, part(runs.size() - i));
}

}  // namespace detail

struct CascadeResult {
  std::vector<CascadeHit> hits;  ///< best first
  Trace trace;
};

/// Immutable but for what it learns of its stages' cost: copies share everything, any number of
/// threads may run one cascade.
///
/// Candidates are never lost: each one that came in is in `hits`, or in the `dropped` of the stage
/// where it left, with the reason.
class Cascade {
 public:
  using Costs = std::map<std::string, std::vector<CostModel::Observation>>;

  /// Throws InvalidArgument for stages that cannot run: no stage, a keep or limit of 0, keeps that
  /// grow, a first stage that scores without a limit, a share outside (0, 1], a budget of 0, a
  /// blend with a stage that is not earlier, a fallback of another kind.
  explicit Cascade(std::vector<CascadeStage> stages, CascadeOptions options = {})
      : parts_(std::make_shared<Parts>(std::move(stages), std::move(options))) {}

  /// The first stage retrieves. Throws InvalidArgument when it does not, Cancelled, and StageError
  /// as StageOptions::on_error says.
  [[nodiscard]] CascadeResult run(std::string_view query, const RunOptions& options = {}) const {
    return std::move(run_many(std::span(&query, 1), options).front());
  }

  /// Candidates of the caller's, best first. Throws InvalidArgument when the first stage retrieves,
  /// else as above. Overloads, so that braces with names are options: `run("q", {.budget_ms = 9})`.
  [[nodiscard]] CascadeResult run(std::string_view query,
                                  std::initializer_list<Candidate> candidates,
                                  const RunOptions& options = {}) const {
    return run(query, std::vector<Candidate>(candidates), options);
  }
  template <std::same_as<std::vector<Candidate>> Candidates>
  [[nodiscard]] CascadeResult run(std::string_view query, Candidates candidates,
                                  const RunOptions& options = {}) const {
    std::vector<std::vector<Candidate>> lists;
    lists.push_back(std::move(candidates));
    return std::move(run_many(std::span(&query, 1), std::move(lists), options).front());
  }

  /// A run for each query, in step: stages that can take candidates of several queries in one call.
  /// Results are those of `run`; what fails in a shared call is tried again by itself. The budget
  /// is each query's, and they spend it together: n queries have n times as much, and the last
  /// shared call is late by no more than a single run's. A trace's
  /// `real_ms` is the query's part of shared calls, its `total_ms` the time of all.
  [[nodiscard]] std::vector<CascadeResult> run_many(std::span<const std::string_view> queries,
                                                    const RunOptions& options = {}) const {
    if (!retrieves()) {
      raise<InvalidArgument>("the first stage '{}' does not retrieve: give the candidates",
                             parts_->stages[0].stage.traits().name);
    }
    return go(queries, std::vector<std::vector<Candidate>>(queries.size()), options);
  }
  /// `candidates[i]` are those of `queries[i]`.
  [[nodiscard]] std::vector<CascadeResult> run_many(
      std::span<const std::string_view> queries,
      std::initializer_list<std::vector<Candidate>> candidates,
      const RunOptions& options = {}) const {
    return run_many(queries, std::vector<std::vector<Candidate>>(candidates), options);
  }
  template <std::same_as<std::vector<std::vector<Candidate>>> Lists>
  [[nodiscard]] std::vector<CascadeResult> run_many(std::span<const std::string_view> queries,
                                                    Lists candidates,
                                                    const RunOptions& options = {}) const {
    if (retrieves()) {
      raise<InvalidArgument>("the first stage '{}' retrieves: give a query alone",
                             parts_->stages[0].stage.traits().name);
    }
    if (candidates.size() != queries.size()) {
      raise<InvalidArgument>("{} lists of candidates for {} queries; give one list a query",
                             candidates.size(), queries.size());
    }
    return go(queries, std::move(candidates), options);
  }

  [[nodiscard]] const std::vector<CascadeStage>& stages() const { return parts_->stages; }

  /// Whether the first stage does; else runs need candidates.
  [[nodiscard]] bool retrieves() const {
    return parts_->stages[0].stage.traits().kind == StageKind::retrieve;
  }

  /// What will run but is not meant: double reranking, a stage without effect, a threshold on
  /// scores that are not calibrated; and, once costs are known, neighbours of equal cost.
  [[nodiscard]] std::vector<std::string> warnings() const {
    std::vector<std::string> all = parts_->warnings;
    for (std::size_t i = 1; i < parts_->stages.size(); ++i) {
      auto warning =
          detail::equal_costs(parts_->stages[i - 1].stage, parts_->states[i - 1].observations(),
                              parts_->stages[i].stage, parts_->states[i].observations());
      if (warning) all.push_back(*std::move(warning));
    }
    return all;
  }

  /// Stages with their caps and what was learnt of their cost, a line each.
  [[nodiscard]] std::string description() const {
    std::string out = "Cascade";
    if (parts_->options.budget_ms) out += fmt::format(", {} ms", *parts_->options.budget_ms);
    for (std::size_t i = 0; i < parts_->stages.size(); ++i) {
      const auto& [stage, options] = parts_->stages[i];
      out += fmt::format("\n  {}: keep {}", stage.traits().name, options.keep);
      if (options.limit) out += fmt::format(", limit {}", *options.limit);
      if (options.share) out += fmt::format(", {:.0f}% of the budget", 100 * *options.share);
      for (const auto& [name, weight] : options.blend) out += fmt::format(" + {} {}", weight, name);
      out += detail::cost_of(parts_->states[i]);
    }
    return out;
  }

  /// What was learnt of the stages' cost, by name, to be kept for another process.
  [[nodiscard]] Costs costs() const {
    Costs costs;
    for (std::size_t i = 0; i < parts_->stages.size(); ++i) {
      costs[parts_->stages[i].stage.traits().name] = parts_->states[i].observations();
    }
    return costs;
  }
  /// Goes on from `costs()` of an earlier process; names that are no stage here are passed over.
  void learn(const Costs& costs) const {
    for (std::size_t i = 0; i < parts_->stages.size(); ++i) {
      const auto found = costs.find(parts_->stages[i].stage.traits().name);
      if (found != costs.end()) parts_->states[i].learn(found->second);
    }
  }

 private:
  struct Parts {
    Parts(std::vector<CascadeStage> all, CascadeOptions with)
        : stages(detail::with_own_names(std::move(all))),
          options(std::move(with)),
          warnings(detail::check(stages, options)),
          states(stages.size()) {}
    const std::vector<CascadeStage> stages;
    const CascadeOptions options;
    const std::vector<std::string> warnings;
    std::vector<detail::StageState> states;
  };

  [[nodiscard]] std::vector<CascadeResult> go(std::span<const std::string_view> queries,
                                              std::vector<std::vector<Candidate>> candidates,
                                              const RunOptions& options) const {
    if (options.budget_ms && !(*options.budget_ms >= 0)) {
      raise<InvalidArgument>("budget_ms is {}; it must be at least 0", *options.budget_ms);
    }
    std::optional<double> budget =
        options.budget_ms ? options.budget_ms : parts_->options.budget_ms;
    if (budget) *budget *= static_cast<double>(queries.size());
    Deadline deadline(parts_->options.clock);
    if (budget) deadline = deadline.within(from_milliseconds(*budget));

    std::vector<detail::Run> runs;
    runs.reserve(queries.size());
    std::vector<StageTrace> arrivals(queries.size());
    for (std::size_t i = 0; i < queries.size(); ++i) {
      runs.emplace_back(parts_->stages, parts_->states, parts_->options, deadline, budget,
                        queries[i], options.cancel);
      if (!retrieves()) runs[i].add(std::move(candidates[i]), kInputStage, arrivals[i]);
    }
    for (std::size_t place = 0; place < parts_->stages.size(); ++place) {
      detail::pass(parts_->stages[place], parts_->states[place], deadline, place, runs);
    }
    std::vector<CascadeResult> results;
    results.reserve(runs.size());
    for (std::size_t i = 0; i < runs.size(); ++i) {
      auto [hits, trace] = std::move(runs[i]).finish();
      note_arrival(std::move(arrivals[i]), trace);
      results.push_back({std::move(hits), std::move(trace)});
    }
    return results;
  }

  /// What happened to the caller's own candidates is told with the first stage.
  void note_arrival(StageTrace arrival, Trace& trace) const {
    StageTrace& first = trace.stages.front();
    first.duplicates += arrival.duplicates;
    first.warnings.insert(first.warnings.end(), arrival.warnings.begin(), arrival.warnings.end());
    first.dropped.insert(first.dropped.begin(), arrival.dropped.begin(), arrival.dropped.end());
    if (!retrieves()) first.in += arrival.dropped.size();
  }

  std::shared_ptr<Parts> parts_;
};

}  // namespace tamis

/// As `description()`.
template <>
struct fmt::formatter<tamis::Cascade> : fmt::formatter<std::string> {
  template <typename Context>
  auto format(const tamis::Cascade& cascade, Context& context) const {
    return fmt::formatter<std::string>::format(cascade.description(), context);
  }
};
