// tamis/cascade/run.hpp: one query through the stages.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/arrival.hpp>
#include <tamis/cascade/attempts.hpp>
#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/check.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/score_call.hpp>
#include <tamis/cascade/score_together.hpp>
#include <tamis/cascade/search_together.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/cascade/warnings.hpp>
#include <tamis/error.hpp>
#include <tamis/rank/fusion.hpp>

namespace tamis::detail {

/// The state of a run: all candidates that ever came, and the order of those that are left.
class Run {
 public:
  /// `options` are the cascade's, `deadline` the run's, or that of all runs it goes in step with.
  Run(std::span<const CascadeStage> stages, std::span<StageState> states,
      const CascadeOptions& options, const Deadline& deadline, std::optional<double> budget_ms,
      std::string_view query, const CancelToken& cancel)
      : stages_(stages),
        states_(states),
        clock_(*options.clock),
        query_(query),
        cancel_(cancel),
        start_(clock_.now()),
        deadline_(deadline),
        budget_ms_(budget_ms) {}

  /// Candidates with an id that came before leave at once.
  void add(std::vector<Candidate> candidates, std::size_t stage, StageTrace& trace) {
    name_all(candidates);
    pool_.reserve(candidates.size());  // ids are looked up where they lie
    order_.reserve(candidates.size());
    Ids ids(candidates.size());
    std::vector<TextScore>& scores = scores_of(stage, candidates.size());
    for (Candidate& candidate : candidates) {
      marks_.add(candidate);
      if (ids.has(candidate)) {
        ++trace.duplicates;
        trace.dropped.push_back({std::move(candidate.id), "its id came before"});
        continue;
      }
      if (candidate.score && std::isfinite(*candidate.score)) {
        scores[pool_.size()].score = *candidate.score;
      }
      order_.push_back(static_cast<std::uint32_t>(pool_.size()));
      pool_.push_back(std::move(candidate));
      ids.add(pool_.back());
    }
    ids.tell(trace);
  }

  /// A stage, up to where it would score; then `task()` is what it is to score. `part`: of the time
  /// that is left, what this run may take.
  void begin(std::size_t place, double part = 1) {
    if (cancel_.cancelled()) throw Cancelled("the cascade was cancelled");
    const Clock::Time start = clock_.now();
    StageTrace& entry = trace_.stages.emplace_back();
    entry.name = stages_[place].stage.traits().name;
    entry.in = order_.size();
    task_.reset();
    const StageKind kind = stages_[place].stage.traits().kind;
    // A scoring stage reads texts; a search is one item, however many it finds.
    const std::size_t items = kind == StageKind::retrieve ? 1 : entry.in;
    if (kind == StageKind::score) {
      prepare(place, entry, part);
    } else {
      entry.predicted_ms = states_[place].predict(items);
      if (kind == StageKind::retrieve) retrieve(place, entry);
      if (kind == StageKind::select) select(place, entry);
    }
    entry.real_ms += milliseconds(clock_.now() - start);
    if (kind != StageKind::score && !entry.skipped) states_[place].observe(items, entry.real_ms);
  }

  /// The run's, or what the stage's share leaves of it.
  [[nodiscard]] Deadline deadline_of(const StageOptions& options) const {
    return options.share && budget_ms_
               ? deadline_.within(from_milliseconds(*options.share * *budget_ms_))
               : deadline_;
  }
  [[nodiscard]] StageCall search_call(const Deadline& deadline) const {
    return {query_, {}, {}, {}, deadline, cancel_};
  }
  /// What a search with other runs found: `begin` then does not search.
  void give(Found found) { found_ = std::move(found); }

  /// Null when there is nothing to score.
  [[nodiscard]] ScoreTask* task() noexcept { return task_ ? &*task_ : nullptr; }

  /// The rest of the stage; calls it for what was not scored yet, in `part` of the time that is
  /// left.
  void end(std::size_t place, double part = 1) {
    const Clock::Time start = clock_.now();
    if (task_) score(place, trace(), part);
    cut_to(stages_[place].options.keep, trace());
    trace().kept = order_.size();
    trace().real_ms += milliseconds(clock_.now() - start);
  }

  [[nodiscard]] std::pair<std::vector<CascadeHit>, Trace> finish() && {
    std::vector<CascadeHit> hits;
    for (const std::uint32_t index : order_) {
      hits.push_back({std::move(pool_[index]), {}});
      for (const auto& [stage, scores] : scores_) {
        const TextScore& own = scores[index];
        if (own.given()) hits.back().scores.push_back({stage, own.score, own.span});
      }
    }
    marks_.tell(trace_.stages);
    trace_.total_ms = milliseconds(clock_.now() - start_);
    return {std::move(hits), std::move(trace_)};
  }

 private:
  struct StageScores {
    std::size_t stage;
    std::vector<TextScore> by_candidate;  ///< [pool]
  };

  [[nodiscard]] StageTrace& trace() { return trace_.stages.back(); }

  [[nodiscard]] View view(std::size_t count) const {
    View found;
    found.texts.reserve(count);
    found.ids.reserve(count);
    found.documents.reserve(count);
    found.scores.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      const Candidate& candidate = pool_[order_[i]];
      found.texts.push_back(candidate.text);
      found.ids.push_back(candidate.id);
      found.documents.push_back(candidate.document.get());
      const std::optional<float> score = latest_score(order_[i]);
      if (score) found.scores.push_back(*score);
    }
    if (found.scores.size() < count) found.scores.clear();
    return found;
  }

  /// Of the stage that scored last.
  [[nodiscard]] std::optional<float> latest_score(std::uint32_t index) const {
    if (scores_.empty() || !scores_.back().by_candidate[index].given()) return std::nullopt;
    return scores_.back().by_candidate[index].score;
  }

  /// Whether the latest scores are those that stage `place` was made for. If not, the stage that
  /// gives them failed or was skipped, and a constant says nothing of an earlier one's scale.
  [[nodiscard]] bool scored_before(std::size_t place) const {
    return !scores_.empty() && scores_.back().stage == place_of_last_scorer(stages_.first(place));
  }

  /// Room for the scores of another stage, none of them given yet.
  std::vector<TextScore>& scores_of(std::size_t stage, std::size_t count) {
    scores_.push_back({stage, std::vector<TextScore>(count)});
    return scores_.back().by_candidate;
  }

  void leave_out(StageTrace& trace, std::string why) {
    trace_.degraded = true;
    trace.skipped = std::move(why);
  }

  void give_up(std::size_t place, const StageCall& call, StageTrace& trace,
               const std::exception_ptr& cause) {
    const std::string why = trace.errors.empty() ? "it failed" : trace.errors.back();
    if (ends_run(stages_[place], call.deadline)) {
      throw StageError(fmt::format("stage {} '{}' failed: {}", place + 1, trace.name, why),
                       trace.name, cause);
    }
    warn_of_failure(why, trace);
    leave_out(trace, why);
  }

  /// What the stage (not `own`: its fallbacks), tried as its options say, returns; nothing when it
  /// failed.
  template <typename Once>
  [[nodiscard]] auto attempt(std::size_t place, const StageCall& call, StageTrace& trace, Once once,
                             bool own = true) {
    const CascadeStage& stage = stages_[place];
    Attempts attempts(call, stage.options, states_[place], trace);
    auto result = own ? attempts.run(stage.stage, once) : attempts.fallbacks(once);
    if (!result) give_up(place, call, trace, attempts.cause());
    trace_.degraded = trace_.degraded || trace.cut || !trace.ran.empty();
    return result;
  }

  void retrieve(std::size_t place, StageTrace& trace) {
    if (!found_) found_ = searched(place, trace);
    if (!found_) return;
    trace.attempts = std::max<std::size_t>(trace.attempts, 1);
    trace.real_ms += found_->ms;
    trace.in = found_->candidates.size();
    add(std::move(found_->candidates), place, trace);
  }

  [[nodiscard]] std::optional<Found> searched(std::size_t place, StageTrace& trace) {
    const Deadline own = deadline_of(stages_[place].options);
    const StageCall call = search_call(own);
    return attempt(place, call, trace, [&](const AnyStage& stage) {
      StageResult result = stage(call);
      auto* const retrieved = std::get_if<Retrieved>(&result);
      if (retrieved == nullptr) raise<Error>("it gave no candidates");
      return Found{std::move(retrieved->candidates)};
    });
  }

  /// Sets `task_`, unless the stage is to be left out.
  void prepare(std::size_t place, StageTrace& trace, double part) {
    const StageOptions& options = stages_[place].options;
    if (order_.empty()) return;
    if (const auto lead = clear_lead(place, options)) {
      trace.skipped =
          fmt::format("the first leads by {:.4g}, at least {:.4g}", *lead, *options.skip_margin);
      return;
    }
    if (deadline_.passed()) return leave_out(trace, "no time was left");
    const Deadline all_runs = deadline_of(options);
    const Deadline own = all_runs.after(part);
    View all = view(std::min(order_.size(), options.limit.value_or(order_.size())));
    const double left = milliseconds(own.remaining());
    const auto [count, fits] = states_[place].fit(all.texts, left, options, clock_.now());
    if (!fits) {
      std::string why =
          fmt::format("not one candidate fits into the {:.1f} ms that are left", left);
      if (options.fallback.empty()) return leave_out(trace, std::move(why));
      trace.errors.push_back(std::move(why));
    } else {
      if (count < all.texts.size()) {
        trace.cut =
            fmt::format("{} of {} candidates fit into {:.1f} ms", count, all.texts.size(), left);
      }
      trace.predicted_ms = states_[place].predict(std::span(all.texts).first(count));
    }
    task_.emplace(ScoreTask{std::move(all), count, own, all_runs, fits, query_, cancel_});
  }

  void score(std::size_t place, StageTrace& trace, double part) {
    task_->tell(trace);
    if (!task_->scores) {
      if (task_->together.passed()) return leave_out(trace, "no time was left");
      task_->deadline = task_->together.after(part);
      const StageCall call = task_->call();
      ScoreCall scoring(call, stages_[place].options, states_[place], trace);
      const auto once = [&](const AnyStage& stage) {
        return &stage == &stages_[place].stage ? scoring.run_own(stage) : scoring.run(stage);
      };
      task_->scores = attempt(place, call, trace, once, task_->own);
      if (!task_->scores) task_->scores = scoring.kept();
    }
    if (const auto& scores = task_->scores) {
      reorder(place, *scores, trace);
      trace.scored = with_scores(task_->view.texts, *scores).size();
      if (trace.scored < scores->size() && !trace.cut) {
        trace.cut = fmt::format("{} of {} candidates got no score", scores->size() - trace.scored,
                                scores->size());
      }
      warn_of_cuts(stages_[place], trace);
    }
    trace_.degraded = trace_.degraded || trace.cut;
  }

  /// How far the first candidate leads the second, when the stage is to be skipped for it.
  [[nodiscard]] std::optional<double> clear_lead(std::size_t place,
                                                 const StageOptions& options) const {
    if (!options.skip_margin || order_.size() < 2 || !scored_before(place)) return std::nullopt;
    const auto first = latest_score(order_[0]);
    const auto second = latest_score(order_[1]);
    if (!first || !second) return std::nullopt;
    const double lead = static_cast<double>(*first) - static_cast<double>(*second);
    return lead >= *options.skip_margin ? std::optional(lead) : std::nullopt;
  }

  /// The scored head by its scores, blended; below, in their order, those of it that got none, and
  /// the tail. Equal scores keep their order.
  void reorder(std::size_t place, const std::vector<TextScore>& scores, StageTrace& trace) {
    const std::size_t count = scores.size();
    std::vector<Ranking> rankings{{}};
    std::vector<double> weights{1.0};
    for (std::size_t i = 0; i < count; ++i) {
      if (scores[i].given()) rankings[0].push_back({i, scores[i].score});
    }
    for (const auto& [name, weight] : stages_[place].options.blend) {
      rankings.push_back(earlier(name, count));
      weights.push_back(weight);
      if (rankings.back().empty()) warn_of_empty_blend(name, stages_, trace);
    }
    if (rankings.size() == 1) {
      std::sort(rankings[0].begin(), rankings[0].end(), BestFirst{});
    } else {
      rankings[0] = blend(rankings, {.weights = weights});
    }
    std::vector<std::uint32_t> head;
    for (const Hit& hit : rankings[0]) {
      if (scores[hit.index].given()) head.push_back(order_[hit.index]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!scores[i].given()) head.push_back(order_[i]);
    }
    std::vector<TextScore>& own = scores_of(place, pool_.size());
    for (std::size_t i = 0; i < count; ++i) own[order_[i]] = scores[i];
    std::copy(head.begin(), head.end(), order_.begin());
  }

  /// Scores that the stage of that name gave to the first candidates, or that source.
  [[nodiscard]] Ranking earlier(const std::string& name, std::size_t count) const {
    Ranking found;
    for (const auto& [stage, scores] : scores_) {
      if (name_of(stages_, stage) != name) continue;
      for (std::size_t i = 0; i < count; ++i) {
        if (scores[order_[i]].given()) found.push_back({i, scores[order_[i]].score});
      }
      return found;
    }
    for (std::size_t i = 0; i < count; ++i) {
      const std::optional<float> score = source_score(pool_[order_[i]], name);
      if (score) found.push_back({i, *score});
    }
    return found;
  }

  void select(std::size_t place, StageTrace& trace) {
    View all = view(order_.size());
    if (stages_[place].stage.traits().needs_calibrated && !scored_before(place)) all.scores.clear();
    const Deadline own = deadline_of(stages_[place].options);
    const StageCall call{query_, all.texts, all.ids, all.scores, own, cancel_, all.documents};
    const auto chosen = attempt(place, call, trace, [&](const AnyStage& stage) {
      return take(stage(call), order_.size());
    });
    if (chosen) apply(*chosen, trace);
  }

  void apply(const Selected& chosen, StageTrace& trace) {
    std::vector<bool> kept(order_.size(), false);
    std::vector<std::uint32_t> next;
    for (const std::size_t index : chosen.order) {
      kept[index] = true;
      next.push_back(order_[index]);
    }
    for (std::size_t i = 0; i < order_.size(); ++i) {
      if (!kept[i]) trace.dropped.push_back({pool_[order_[i]].id, chosen.reason});
    }
    trace.duplicates += chosen.duplicates;
    trace.cut = chosen.cut;
    trace_.degraded = trace_.degraded || trace.cut;
    order_ = std::move(next);
  }

  void cut_to(std::size_t keep, StageTrace& trace) {
    if (keep >= order_.size()) return;
    trace.dropped.reserve(trace.dropped.size() + order_.size() - keep);
    for (std::size_t i = keep; i < order_.size(); ++i) {
      trace.dropped.push_back({pool_[order_[i]].id, "below the cut"});
    }
    order_.resize(keep);
  }

  std::span<const CascadeStage> stages_;
  std::span<StageState> states_;
  const Clock& clock_;
  std::string_view query_;
  const CancelToken& cancel_;
  Clock::Time start_;
  const Deadline& deadline_;
  std::optional<double> budget_ms_;
  std::optional<Found> found_;  ///< by the first stage
  Marks marks_;
  std::vector<Candidate> pool_;
  std::vector<std::uint32_t> order_;
  std::vector<StageScores> scores_;  ///< of the stages that scored, latest last
  std::optional<ScoreTask> task_;    ///< of the stage that has begun
  Trace trace_;
};

}  // namespace tamis::detail
