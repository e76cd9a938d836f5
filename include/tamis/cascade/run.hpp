// tamis/cascade/run.hpp: one query through the stages.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/score_call.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>
#include <tamis/rank/fusion.hpp>

namespace tamis::detail {

/// The state of a run: all candidates that ever came, and the order of those that are left.
class Run {
 public:
  Run(std::span<const CascadeStage> stages, std::span<StageState> states,
      const CascadeOptions& options, std::string_view query, const CancelToken& cancel)
      : stages_(stages),
        states_(states),
        options_(options),
        query_(query),
        cancel_(cancel),
        start_(options.clock->now()),
        deadline_(options.clock, options.budget_ms
                                     ? std::optional(start_ + from_milliseconds(*options.budget_ms))
                                     : std::nullopt) {}

  /// Candidates with an id that came before leave at once.
  void add(std::vector<Candidate> candidates, std::size_t stage, StageTrace& trace) {
    pool_.reserve(candidates.size());  // ids are looked up where they lie
    order_.reserve(candidates.size());
    std::unordered_set<std::string_view> seen;
    seen.reserve(candidates.size());
    std::vector<float>& scores = scores_of(stage, candidates.size());
    for (Candidate& candidate : candidates) {
      if (candidate.id.empty()) candidate.id = std::to_string(pool_.size());
      if (seen.contains(candidate.id)) {
        ++trace.duplicates;
        trace.dropped.push_back({std::move(candidate.id), "its id came before"});
        continue;
      }
      scores[pool_.size()] = candidate.score.value_or(kNone);
      order_.push_back(static_cast<std::uint32_t>(pool_.size()));
      pool_.push_back(std::move(candidate));
      seen.insert(pool_.back().id);
    }
  }

  void pass(std::size_t place) {
    StageTrace trace{.name = stages_[place].stage.traits().name, .in = order_.size()};
    if (cancel_.cancelled()) throw Cancelled("the cascade was cancelled");
    const Clock::Time start = options_.clock->now();
    switch (stages_[place].stage.traits().kind) {
      case StageKind::retrieve:
        retrieve(place, trace);
        break;
      case StageKind::score:
        score(place, trace);
        break;
      case StageKind::select:
        select(place, trace);
        break;
    }
    cut_to(stages_[place].options.keep, trace);
    trace.kept = order_.size();
    trace.real_ms = milliseconds(options_.clock->now() - start);
    trace_.stages.push_back(std::move(trace));
  }

  [[nodiscard]] std::pair<std::vector<CascadeHit>, Trace> finish() && {
    std::vector<CascadeHit> hits;
    for (const std::uint32_t index : order_) {
      hits.push_back({std::move(pool_[index]), {}});
      for (const auto& [stage, scores] : scores_) {
        if (!std::isnan(scores[index])) hits.back().scores.push_back({stage, scores[index]});
      }
    }
    trace_.total_ms = milliseconds(options_.clock->now() - start_);
    return {std::move(hits), std::move(trace_)};
  }

 private:
  static constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

  struct StageScores {
    std::size_t stage;
    std::vector<float> by_candidate;  ///< [pool], NaN: not scored by this stage
  };

  /// Texts, ids and latest scores of the first candidates; what StageCall points to.
  struct View {
    std::vector<std::string_view> texts;
    std::vector<std::string_view> ids;
    std::vector<float> scores;
  };
  [[nodiscard]] View view(std::size_t count) const {
    View found;
    found.texts.reserve(count);
    found.ids.reserve(count);
    found.scores.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      found.texts.push_back(pool_[order_[i]].text);
      found.ids.push_back(pool_[order_[i]].id);
      const std::optional<float> score = latest_score(order_[i]);
      if (score) found.scores.push_back(*score);
    }
    if (found.scores.size() < count) found.scores.clear();
    return found;
  }

  /// Of the stage that scored last.
  [[nodiscard]] std::optional<float> latest_score(std::uint32_t index) const {
    if (scores_.empty() || std::isnan(scores_.back().by_candidate[index])) return std::nullopt;
    return scores_.back().by_candidate[index];
  }

  /// Room for the scores of another stage, none of them given yet.
  std::vector<float>& scores_of(std::size_t stage, std::size_t count) {
    scores_.push_back({stage, std::vector<float>(count, kNone)});
    return scores_.back().by_candidate;
  }

  void leave_out(StageTrace& trace, std::string why) {
    trace_.degraded = true;
    trace.skipped = std::move(why);
  }

  void give_up(std::size_t place, StageTrace& trace, std::string why) {
    if (stages_[place].options.on_error == OnError::raise) {
      throw StageError(fmt::format("stage {} '{}' failed: {}", place + 1, trace.name, why));
    }
    leave_out(trace, std::move(why));
  }

  void retrieve(std::size_t place, StageTrace& trace) {
    try {
      ++trace.attempts;
      const StageCall call{query_, {}, {}, {}, deadline_, cancel_};
      StageResult result = stages_[place].stage(call);
      auto* const found = std::get_if<Retrieved>(&result);
      if (found == nullptr) raise<Error>("it gave no candidates");
      trace.in = found->candidates.size();
      add(std::move(found->candidates), place, trace);
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      trace.errors.emplace_back(error.what());
      give_up(place, trace, error.what());
    }
  }

  void score(std::size_t place, StageTrace& trace) {
    const StageOptions& options = stages_[place].options;
    if (order_.empty()) return;
    if (const auto lead = clear_lead(options)) {
      trace.skipped =
          fmt::format("the first leads by {:.4g}, at least {:.4g}", *lead, *options.skip_margin);
      return;
    }
    if (deadline_.passed()) return leave_out(trace, "no time was left");
    const Deadline own =
        options.share && options_.budget_ms
            ? deadline_.within(from_milliseconds(*options.share * *options_.budget_ms))
            : deadline_;
    const View all = view(std::min(order_.size(), options.limit.value_or(order_.size())));
    const std::size_t count = states_[place].fitting(all.texts, milliseconds(own.remaining()));
    if (count == 0) {
      return leave_out(trace, fmt::format("not one candidate fits into the {:.1f} ms that are left",
                                          milliseconds(own.remaining())));
    }
    if (count < all.texts.size()) {
      trace_.degraded = true;
      trace.cut = fmt::format("{} of {} candidates fit into {:.1f} ms", count, all.texts.size(),
                              milliseconds(own.remaining()));
    }
    const auto texts = std::span(all.texts).first(count);
    trace.predicted_ms = states_[place].predict(texts);
    const auto latest = all.scores.empty() ? std::span<const float>{}
                                           : std::span<const float>(all.scores).first(count);
    const StageCall call{query_, texts, std::span(all.ids).first(count), latest, own, cancel_};
    auto scores = ScoreCall(call, options, states_[place], trace).run(stages_[place].stage);
    if (!scores) {
      return give_up(place, trace, trace.errors.empty() ? "it failed" : trace.errors.back());
    }
    trace_.degraded = trace_.degraded || trace.cut || !trace.ran.empty();
    reorder(place, *scores);
    trace.scored = scores->size();
  }

  /// How far the first candidate leads the second, when the stage is to be skipped for it.
  [[nodiscard]] std::optional<double> clear_lead(const StageOptions& options) const {
    if (!options.skip_margin || order_.size() < 2) return std::nullopt;
    const auto first = latest_score(order_[0]);
    const auto second = latest_score(order_[1]);
    if (!first || !second) return std::nullopt;
    const double lead = static_cast<double>(*first) - static_cast<double>(*second);
    return lead >= *options.skip_margin ? std::optional(lead) : std::nullopt;
  }

  /// The scored head by its scores, blended; the tail as it was. Equal scores keep their order.
  void reorder(std::size_t place, const std::vector<float>& scores) {
    const std::size_t count = scores.size();
    std::vector<Ranking> rankings{{}};
    std::vector<double> weights{1.0};
    for (std::size_t i = 0; i < count; ++i) rankings[0].push_back({i, scores[i]});
    for (const auto& [name, weight] : stages_[place].options.blend) {
      rankings.push_back(earlier(name, count));
      weights.push_back(weight);
    }
    if (rankings.size() == 1) {
      std::sort(rankings[0].begin(), rankings[0].end(), BestFirst{});
    } else {
      rankings[0] = blend(rankings, {.weights = weights});
    }
    std::vector<std::uint32_t> head;
    for (const Hit& hit : rankings[0]) head.push_back(order_[hit.index]);
    std::vector<float>& own = scores_of(place, pool_.size());
    for (std::size_t i = 0; i < count; ++i) own[order_[i]] = scores[i];
    std::copy(head.begin(), head.end(), order_.begin());
  }

  [[nodiscard]] std::string_view name_of(std::size_t stage) const {
    return stage == kInputStage ? "input" : std::string_view(stages_[stage].stage.traits().name);
  }

  /// Scores that the stage of that name gave to the first candidates.
  [[nodiscard]] Ranking earlier(const std::string& name, std::size_t count) const {
    Ranking found;
    for (const auto& [stage, scores] : scores_) {
      if (name_of(stage) != name) continue;
      for (std::size_t i = 0; i < count; ++i) {
        if (!std::isnan(scores[order_[i]])) found.push_back({i, scores[order_[i]]});
      }
      break;
    }
    return found;
  }

  void select(std::size_t place, StageTrace& trace) {
    const View all = view(order_.size());
    try {
      ++trace.attempts;
      const StageCall call{query_, all.texts, all.ids, all.scores, deadline_, cancel_};
      StageResult result = stages_[place].stage(call);
      const auto* const chosen = std::get_if<Selected>(&result);
      if (chosen == nullptr) raise<Error>("it selected nothing and gave no order");
      apply(*chosen, trace);
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      trace.errors.emplace_back(error.what());
      give_up(place, trace, error.what());
    }
  }

  void apply(const Selected& chosen, StageTrace& trace) {
    std::vector<bool> kept(order_.size(), false);
    std::vector<std::uint32_t> next;
    for (const std::size_t index : chosen.order) {
      if (index >= order_.size() || kept[index]) {
        raise<Error>("it selected candidate {}, which {}", index,
                     index >= order_.size() ? "does not exist" : "it had selected before");
      }
      kept[index] = true;
      next.push_back(order_[index]);
    }
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (!kept[i]) trace.dropped.push_back({pool_[order_[i]].id, chosen.reason});
    }
    trace.duplicates += chosen.duplicates;
    order_ = std::move(next);
  }

  void cut_to(std::size_t keep, StageTrace& trace) {
    if (keep < order_.size()) trace.dropped.reserve(trace.dropped.size() + order_.size() - keep);
    for (std::size_t i = keep; i < order_.size(); ++i) {
      trace.dropped.push_back({pool_[order_[i]].id, "below the cut"});
    }
    if (keep < order_.size()) order_.resize(keep);
  }

  std::span<const CascadeStage> stages_;
  std::span<StageState> states_;
  const CascadeOptions& options_;
  std::string_view query_;
  const CancelToken& cancel_;
  Clock::Time start_;
  Deadline deadline_;
  std::vector<Candidate> pool_;
  std::vector<std::uint32_t> order_;
  std::vector<StageScores> scores_;  ///< of the stages that scored, latest last
  Trace trace_;
};

}  // namespace tamis::detail
