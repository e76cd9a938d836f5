// tamis/cascade/score_together.hpp: one scoring stage over the candidates of several runs, in calls
// that they share.
#pragma once

#include <algorithm>
#include <cstddef>
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
  std::string_view query;
  const CancelToken& cancel;
  std::optional<std::vector<float>> scores = {};  ///< of the first ones, by a shared call
  StageTrace told = {};                           ///< what shared calls reported
  double shared_ms = 0;                           ///< this run's part of them

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
};

/// Fills `scores` of the tasks, a piece of each in every call. What fails is left empty: the run
/// then calls the stage by itself, with its retries and fallbacks.
class Together {
 public:
  Together(const AnyStage& stage, const StageOptions& options, const Deadline& deadline,
           std::span<ScoreTask* const> tasks)
      : stage_(stage), options_(options), deadline_(deadline) {
    for (ScoreTask* task : tasks) parts_.push_back({task, task->call(), {}});
  }

  void run(StageState& state) {
    const Clock::Time start = deadline_.clock().now();
    try {
      while (!open_parts().empty() && round()) {
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
      const auto scored = part.call.texts.first(part.scores.size());
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
    std::vector<float> scores;
    bool failed = false;
    bool ended = false;  ///< the stage stopped early, or the deadline came

    [[nodiscard]] std::size_t left() const {
      return failed || ended ? 0 : call.texts.size() - scores.size();
    }
  };

  [[nodiscard]] std::vector<Part*> open_parts() {
    std::vector<Part*> open;
    for (Part& part : parts_) {
      if (part.left() > 0) open.push_back(&part);
    }
    return open;
  }

  /// One call; false when the deadline comes first.
  [[nodiscard]] bool round() {
    const std::vector<Part*> open = open_parts();
    std::vector<StageCall> calls;
    std::size_t asked = 0;
    for (const Part* part : open) {
      if (part->call.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
      const std::size_t piece = piece_of(stage_, options_, part->call.texts.size());
      const std::size_t count = std::min(piece, part->left());
      calls.push_back(part_of(part->call, part->scores.size(), count));
      asked += count;
    }
    const double left = milliseconds(deadline_.remaining());
    if (slowest_ * static_cast<double>(asked) > left) return stop(open);
    const Clock::Time start = deadline_.clock().now();
    std::vector<StageResult> results = stage_.many(calls);
    if (results.size() != calls.size()) {
      raise<Error>("it gave {} results for {} calls", results.size(), calls.size());
    }
    const double each = milliseconds(deadline_.clock().now() - start) / static_cast<double>(asked);
    slowest_ = std::max(slowest_, each);
    for (std::size_t i = 0; i < open.size(); ++i) {
      add(*open[i], std::move(results[i]), calls[i].texts.size(), each);
    }
    return true;
  }

  [[nodiscard]] static bool stop(std::span<Part* const> open) {
    for (Part* part : open) {
      part->ended = true;
      part->task->told.cut =
          came_after("the deadline came", part->scores.size(), part->call.texts.size());
    }
    return false;
  }

  static void add(Part& part, StageResult result, std::size_t count, double each) {
    StageTrace& told = part.task->told;
    part.task->shared_ms += each * static_cast<double>(count);
    try {
      const std::vector<float> found = take(std::move(result), count, told);
      part.scores.insert(part.scores.end(), found.begin(), found.end());
      if (found.size() == count) return;
      part.ended = true;
      told.cut = came_after("it stopped", part.scores.size(), part.call.texts.size());
    } catch (const Error&) {
      part.failed = true;
    }
  }

  const AnyStage& stage_;
  const StageOptions& options_;
  const Deadline& deadline_;
  std::vector<Part> parts_;
  double slowest_ = 0;  ///< milliseconds a candidate
};

}  // namespace tamis::detail
