// tamis/cascade/cascade.hpp: the second front door: stages, a budget, and what a run did.
//
//   tamis::Cascade cascade({{bm25, {.keep = 200}}, {tamis::stages::rerank(model), {.keep = 25}}},
//                          {.budget_ms = 1500});
//   tamis::CascadeResult result = cascade.run("who signed the treaty?");
//   std::cout << result.hits[0].candidate.text << '\n' << tamis::to_table(result.trace);
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/cancel.hpp>
#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/check.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/run.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>

namespace tamis {

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
  /// for a stage with OnError::raise.
  [[nodiscard]] CascadeResult run(std::string_view query, const CancelToken& cancel = {}) const {
    if (!retrieves()) {
      raise<InvalidArgument>("the first stage '{}' does not retrieve: give the candidates",
                             parts_->stages[0].stage.traits().name);
    }
    return go(query, {}, cancel);
  }

  /// Candidates of the caller's, best first. Throws InvalidArgument when the first stage retrieves,
  /// else as above.
  [[nodiscard]] CascadeResult run(std::string_view query, std::vector<Candidate> candidates,
                                  const CancelToken& cancel = {}) const {
    if (retrieves()) {
      raise<InvalidArgument>("the first stage '{}' retrieves: give a query alone",
                             parts_->stages[0].stage.traits().name);
    }
    return go(query, std::move(candidates), cancel);
  }

  /// What will run but is not meant: double reranking, a stage without effect, a threshold on
  /// scores that are not calibrated.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return parts_->warnings; }

  /// Stages with their caps, a line each.
  [[nodiscard]] std::string description() const {
    std::string out = "Cascade";
    if (parts_->options.budget_ms) out += fmt::format(", {} ms", *parts_->options.budget_ms);
    for (const auto& [stage, options] : parts_->stages) {
      out += fmt::format("\n  {}: keep {}", stage.traits().name, options.keep);
      if (options.limit) out += fmt::format(", limit {}", *options.limit);
      if (options.share) out += fmt::format(", {:.0f}% of the budget", 100 * *options.share);
      for (const auto& [name, weight] : options.blend) out += fmt::format(" + {} {}", weight, name);
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
        : stages(std::move(all)),
          options(std::move(with)),
          warnings(detail::check(stages, options)),
          states(stages.size()) {}
    const std::vector<CascadeStage> stages;
    const CascadeOptions options;
    const std::vector<std::string> warnings;
    std::vector<detail::StageState> states;
  };

  [[nodiscard]] bool retrieves() const {
    return parts_->stages[0].stage.traits().kind == StageKind::retrieve;
  }

  [[nodiscard]] CascadeResult go(std::string_view query, std::vector<Candidate> candidates,
                                 const CancelToken& cancel) const {
    detail::Run run(parts_->stages, parts_->states, parts_->options, query, cancel);
    StageTrace arrival;
    std::vector<std::string> marks;
    for (const Candidate& candidate : candidates) {
      if (!candidate.reranked_by.empty()) marks.push_back(candidate.reranked_by);
    }
    if (!retrieves()) run.add(std::move(candidates), kInputStage, arrival);
    for (std::size_t place = 0; place < parts_->stages.size(); ++place) run.pass(place);
    auto [hits, trace] = std::move(run).finish();
    note_arrival(std::move(arrival), marks, trace);
    return {std::move(hits), std::move(trace)};
  }

  /// What happened to the caller's own candidates is told with the first stage.
  void note_arrival(StageTrace arrival, const std::vector<std::string>& marks, Trace& trace) const {
    StageTrace& first = trace.stages.front();
    first.duplicates += arrival.duplicates;
    first.dropped.insert(first.dropped.begin(), arrival.dropped.begin(), arrival.dropped.end());
    if (!retrieves()) first.in += arrival.dropped.size();
    if (!marks.empty() && !first.skipped && first.scored > 0) {
      first.warnings.push_back(fmt::format(
          "{} candidates were ranked by '{}' before they came: '{}' pays again for an order",
          marks.size(), marks.front(), first.name));
    }
  }

  std::shared_ptr<Parts> parts_;
};

}  // namespace tamis
