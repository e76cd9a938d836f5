// tamis/cascade/score_together.hpp: one scoring stage over the candidates of several runs, in calls
// that they share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/cascade/clock.hpp>
#include <tamis/cascade/options.hpp>
#include <tamis/cascade/score_call.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

/// Texts, ids, documents and latest scores of candidates, best first.
struct View {
  std::vector<std::string_view> texts;
  std::vector<std::string_view> ids;
  std::vector<const void*> documents;
  std::vector<float> scores;  ///< empty when not all of them have one
};

/// What a stage is to score for one run, and what came of it.
struct ScoreTask {
  View view;
  std::size_t count;  ///< candidates of the view that are to be scored
  Deadline deadline;  ///< of this run at this stage
  Deadline together;  ///< of all runs that go in step with it, at this stage
  bool own;           ///< scored by the stage; else it has no time, and its fallbacks score
  std::string_view query;
  const CancelToken& cancel;
  std::optional<std::vector<TextScore>> scores = {};  ///< of the first ones, by a shared call
  StageTrace told = {};                               ///< what shared calls reported
  double shared_ms = 0;                               ///< this run's part of them

  [[nodiscard]] StageCall call() const {
    const auto latest =
        view.scores.empty() ? std::span<const float>{} : std::span(view.scores).first(count);
    return {query,
            std::span(view.texts).first(count),
            std::span(view.ids).first(count),
            latest,
            deadline,
            cancel,
            std::span(view.documents).first(count)};
  }

  /// What shared calls gave and took. Where they failed, the run's own call tells the rest.
  void tell(StageTrace& trace) {
    trace.tokens += told.tokens;
    trace.dollars += told.dollars;
    trace.real_ms += shared_ms;
    std::move(told.warnings.begin(), told.warnings.end(), std::back_inserter(trace.warnings));
    if (!scores) return;
    ++trace.attempts;
    trace.truncated += told.truncated;
    if (told.cut) trace.cut = told.cut;
  }
};

/// How large calls may be, so that the last one is late by no more than a single run's: as large as
/// one of those, until a few have shown what a candidate takes. Then a call may take a part of the
/// time that is left, so that it is late only where a candidate takes four times as long as ever
/// before.
class CallSize {
 public:
  CallSize(const Deadline& deadline, std::size_t least) : deadline_(deadline), least_(least) {}

  /// Candidates of the next call; 0 when it would come too late.
  [[nodiscard]] std::size_t next(std::size_t wanted) const {
    if (!deadline_.time()) return wanted;
    const double left = milliseconds(deadline_.remaining());
    const auto part = static_cast<std::size_t>(std::max(left, 0.0) / kPart / slowest_);
    const std::size_t most = calls_ < kTried ? least_ : std::max(least_, part);
    const std::size_t count = std::min(most, wanted);
    return calls_ > 0 && slowest_ * static_cast<double>(count) > left ? 0 : count;
  }

  void took(double ms_each) {
    ++calls_;
    slowest_ = std::max(slowest_, ms_each);
  }

 private:
  static constexpr std::size_t kTried = 4;
  static constexpr double kPart = 4;

  const Deadline& deadline_;
  std::size_t least_;
  std::size_t calls_ = 0;
  double slowest_ = 1e-6;  ///< milliseconds a candidate
};

/// Fills `scores` of the tasks, a piece of each in turn. What fails is left empty: the run then
/// calls the stage by itself, with its retries and fallbacks.
class Together {
 public:
  /// At least one task.
  Together(const AnyStage& stage, const StageOptions& options, std::span<ScoreTask* const> tasks)
      : stage_(stage),
        options_(options),
        deadline_(tasks.front()->together),
        size_(deadline_, stage.traits().divisible ? options.chunk : 1) {
    parts_.reserve(tasks.size());
    for (ScoreTask* task : tasks) {
      parts_.push_back({task, task->call(), {}});
      open_.push_back(&parts_.back());
    }
  }

  void run(StageState& state) {
    const Clock::Time start = deadline_.clock().now();
    try {
      while (!open_.empty() && round()) {
      }
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      return;  // each run finds out by itself what is wrong
    }
    std::vector<std::string_view> texts;
    std::size_t tokens = 0;
    for (Part& part : parts_) {
      if (part.failed) continue;
      const auto scored = with_scores(part.call.texts, part.scores);
      texts.insert(texts.end(), scored.begin(), scored.end());
      tokens += part.task->told.tokens;
      part.task->scores = std::move(part.scores);
    }
    if (texts.empty()) return;
    state.succeeded();
    state.observe(texts, tokens, milliseconds(deadline_.clock().now() - start));
  }

 private:
  struct Part {
    ScoreTask* task;
    StageCall call;
    std::vector<TextScore> scores;
    bool failed = false;
    bool ended = false;  ///< the stage stopped early

    [[nodiscard]] std::size_t left() const {
      return failed || ended ? 0 : call.texts.size() - scores.size();
    }
  };

  /// Of the next call, if it may have `most` candidates; at least one.
  [[nodiscard]] std::size_t piece(const Part& part, std::size_t most) const {
    if (!stage_.traits().divisible) return part.left();
    return std::min({options_.chunk, part.left(), most});
  }

  /// One call; false when the deadline comes first.
  [[nodiscard]] bool round() {
    std::size_t wanted = 0;
    for (const Part* part : open_) wanted += piece(*part, part->left());
    const std::size_t most = size_.next(wanted);
    if (most == 0) return stop();
    std::vector<Part*> asked;
    std::vector<StageCall> calls;
    std::size_t count = 0;
    while (!open_.empty() && count < most) {
      Part& part = *open_.front();
      open_.pop_front();
      if (part.call.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
      calls.push_back(part_of(part.call, part.scores.size(), piece(part, most - count)));
      count += calls.back().texts.size();
      asked.push_back(&part);
    }
    ask(asked, calls, count);
    for (Part* part : asked) {
      if (part->left() > 0) open_.push_back(part);
    }
    return true;
  }

  void ask(std::span<Part* const> parts, std::span<const StageCall> calls, std::size_t count) {
    const Clock::Time start = deadline_.clock().now();
    std::vector<StageResult> results = stage_.many(calls);
    if (results.size() != calls.size()) {
      raise<Error>("it gave {} results for {} calls", results.size(), calls.size());
    }
    const double each = milliseconds(deadline_.clock().now() - start) / static_cast<double>(count);
    size_.took(each);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      add(*parts[i], std::move(results[i]), calls[i].texts, each);
    }
  }

  [[nodiscard]] bool stop() const {
    for (const Part* part : open_) {
      part->task->told.cut =
          came_after("the deadline came", part->scores.size(), part->call.texts.size());
    }
    return false;
  }

  static void add(Part& part, StageResult result, std::span<const std::string_view> texts,
                  double each) {
    StageTrace& told = part.task->told;
    part.task->shared_ms += each * static_cast<double>(texts.size());
    try {
      const std::vector<TextScore> found = take(std::move(result), texts, told);
      part.scores.insert(part.scores.end(), found.begin(), found.end());
      if (found.size() == texts.size()) return;
      part.ended = true;
      told.cut = came_after("it stopped", part.scores.size(), part.call.texts.size());
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      part.failed = true;
    }
  }

  const AnyStage& stage_;
  const StageOptions& options_;
  const Deadline& deadline_;
  CallSize size_;
  std::vector<Part> parts_;
  std::deque<Part*> open_;  ///< who has something left to score, who waits longest first
};

}  // namespace tamis::detail
