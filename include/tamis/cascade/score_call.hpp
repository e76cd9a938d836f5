// tamis/cascade/score_call.hpp: one scoring stage over the candidates of a run, in pieces until the
// deadline.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <exception>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/options.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

/// What was thrown, in words.
[[nodiscard]] inline std::string message_of(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

/// What a stage gave a text.
struct TextScore {
  float score = std::numeric_limits<float>::quiet_NaN();  ///< NaN: none
  std::optional<Span> span = {};

  [[nodiscard]] bool given() const { return !std::isnan(score); }
};

/// Adds what a call reported to the trace; returns the scores. Throws the call's failure, and for
/// scores that cannot be; what it cost is in the trace then, too.
inline std::vector<TextScore> take(StageResult result, std::span<const std::string_view> texts,
                                   StageTrace& trace) {
  auto* const scored = std::get_if<Scored>(&result);
  if (scored == nullptr) raise<Error>("it gave no scores");
  trace.tokens += scored->tokens;
  trace.truncated += scored->truncated;
  trace.dollars += scored->dollars;
  for (std::string& warning : scored->warnings) trace.warnings.push_back(std::move(warning));
  if (scored->failure) std::rethrow_exception(scored->failure);
  if (scored->scores.size() > texts.size()) {
    raise<Error>("it gave {} scores for {} candidates", scored->scores.size(), texts.size());
  }
  if (!scored->spans.empty() && scored->spans.size() != scored->scores.size()) {
    raise<Error>("it gave {} spans for {} scores", scored->spans.size(), scored->scores.size());
  }
  std::vector<TextScore> found(scored->scores.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i].score = scored->scores[i];
    if (!(scored->gaps && !found[i].given()) && !std::isfinite(found[i].score)) {
      raise<Error>("its score of candidate {} is {}", i, found[i].score);
    }
    if (scored->spans.empty()) continue;
    const Span span = scored->spans[i];
    if (span.begin > span.end || span.end > texts[i].size()) {
      raise<Error>("its span of candidate {} is [{}, {}), of {} bytes", i, span.begin, span.end,
                   texts[i].size());
    }
    found[i].span = span;
  }
  return found;
}

/// An order of some of the candidates. Throws for one that cannot be.
inline Selected take(StageResult result, std::size_t asked) {
  auto* const selected = std::get_if<Selected>(&result);
  if (selected == nullptr) raise<Error>("it selected nothing and gave no order");
  std::vector<bool> kept(asked, false);
  for (const std::size_t index : selected->order) {
    if (index >= asked || kept[index]) {
      raise<Error>("it selected candidate {}, which {}", index,
                   index >= asked ? "does not exist" : "it had selected before");
    }
    kept[index] = true;
  }
  return std::move(*selected);
}

/// The texts that have a score.
[[nodiscard]] inline std::vector<std::string_view> with_scores(
    std::span<const std::string_view> texts, std::span<const TextScore> scores) {
  std::vector<std::string_view> found;
  found.reserve(scores.size());
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].given()) found.push_back(texts[i]);
  }
  return found;
}

/// A call with some of another's candidates.
[[nodiscard]] inline StageCall part_of(const StageCall& call, std::size_t first,
                                       std::size_t count) {
  const auto scores = call.scores.empty() ? call.scores : call.scores.subspan(first, count);
  return {call.query,
          call.texts.subspan(first, count),
          call.ids.subspan(first, count),
          scores,
          call.deadline,
          call.cancel,
          call.documents.subspan(first, count)};
}

[[nodiscard]] inline std::string came_after(const char* what, std::size_t scored,
                                            std::size_t asked) {
  return fmt::format("{} after {} of {} candidates", what, scored, asked);
}

/// Candidates of one call of a stage.
[[nodiscard]] inline std::size_t piece_of(const AnyStage& stage, const StageOptions& options,
                                          std::size_t count) {
  return stage.traits().divisible ? options.chunk : std::max<std::size_t>(count, 1);
}

class ScoreCall {
 public:
  ScoreCall(const StageCall& call, const StageOptions& options, StageState& state,
            StageTrace& trace)
      : call_(call), options_(options), state_(state), trace_(trace) {}

  /// Scores of the first texts. Throws what the stage throws.
  [[nodiscard]] std::vector<TextScore> run(const AnyStage& stage) const {
    std::vector<TextScore> scores;
    fill(stage, scores);
    return scores;
  }

  /// `run` of the stage that the call is made for: what it gives before it throws is kept, the next
  /// try goes on from there, and its cost is learnt.
  [[nodiscard]] std::vector<TextScore> run_own(const AnyStage& stage) {
    const Clock& clock = call_.deadline.clock();
    const Clock::Time start = clock.now();
    const std::size_t tokens = trace_.tokens;
    const std::size_t before = head_.size();
    fill(stage, head_);
    state_.observe(with_scores(call_.texts.subspan(before), std::span(head_).subspan(before)),
                   trace_.tokens - tokens, milliseconds(clock.now() - start));
    return head_;
  }

  /// What `run_own` kept when all tries and fallbacks have failed, if anything.
  [[nodiscard]] std::optional<std::vector<TextScore>> kept() {
    if (head_.empty()) return std::nullopt;
    trace_.skipped.reset();
    trace_.cut = fmt::format("failed after {} candidates", head_.size());
    return std::move(head_);
  }

 private:
  void fill(const AnyStage& stage, std::vector<TextScore>& scores) const {
    const std::size_t all = call_.texts.size();
    const std::size_t most = piece_of(stage, options_, all);
    // Nobody knows yet what one costs: one, two, four, so that the deadline is missed by little.
    const bool first_run =
        call_.deadline.time() && stage.traits().divisible && !state_.predict(call_.texts);
    std::size_t piece = first_run ? 1 : most;
    double slowest = 0;  // milliseconds a candidate
    while (scores.size() < all) {
      if (call_.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
      const Clock::Time start = call_.deadline.clock().now();
      const std::size_t count = std::min(piece, all - scores.size());
      const double left = milliseconds(call_.deadline.remaining());
      if (!scores.empty() && slowest * static_cast<double>(count) > left) {
        trace_.cut = came_after("the deadline came", scores.size(), all);
        return;
      }
      const StageCall part = part_of(call_, scores.size(), count);
      const auto found = take(stage(part), part.texts, trace_);
      scores.insert(scores.end(), found.begin(), found.end());
      const double taken = milliseconds(call_.deadline.clock().now() - start);
      const double each = taken / static_cast<double>(count);
      slowest = first_run ? each : std::max(slowest, each);  // the very first call warms up
      piece = std::min(2 * piece, most);
      if (found.size() < count) {
        trace_.cut = came_after("it stopped", scores.size(), all);
        return;
      }
    }
  }

  const StageCall& call_;
  const StageOptions& options_;
  StageState& state_;
  StageTrace& trace_;
  std::vector<TextScore> head_;
};

}  // namespace tamis::detail
