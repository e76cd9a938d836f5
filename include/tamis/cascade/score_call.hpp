// tamis/cascade/score_call.hpp: one scoring stage over the candidates of a run: in pieces until the
// deadline, again after a failure, by a fallback.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/options.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

/// Adds what a call reported to the trace; returns the scores. Throws for scores that cannot be.
inline std::vector<float> take(StageResult result, std::size_t asked, StageTrace& trace) {
  auto* const scored = std::get_if<Scored>(&result);
  if (scored == nullptr) raise<Error>("it gave no scores");
  if (scored->scores.size() > asked) {
    raise<Error>("it gave {} scores for {} candidates", scored->scores.size(), asked);
  }
  for (std::size_t i = 0; i < scored->scores.size(); ++i) {
    if (!std::isfinite(scored->scores[i])) {
      raise<Error>("its score of candidate {} is {}", i, scored->scores[i]);
    }
  }
  trace.tokens += scored->tokens;
  trace.truncated += scored->truncated;
  trace.dollars += scored->dollars;
  for (std::string& warning : scored->warnings) trace.warnings.push_back(std::move(warning));
  return std::move(scored->scores);
}

class ScoreCall {
 public:
  ScoreCall(const StageCall& call, const StageOptions& options, StageState& state,
            StageTrace& trace)
      : call_(call), options_(options), state_(state), trace_(trace) {}

  /// Scores of the first texts of the call; nothing when the stage and all fallbacks failed. Throws
  /// Cancelled.
  [[nodiscard]] std::optional<std::vector<float>> run(const AnyStage& stage) {
    if (state_.open(call_.deadline.clock().now())) {
      trace_.errors.push_back(stage.traits().name + " is left alone after repeated failures");
    } else if (auto scores = with_retries(stage)) {
      return scores;
    }
    for (const AnyStage& other : options_.fallback) {
      if (call_.deadline.passed()) break;
      trace_.ran = other.traits().name;
      if (auto scores = attempt(other)) return scores;
    }
    trace_.ran.clear();
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<std::vector<float>> with_retries(const AnyStage& stage) {
    for (std::size_t round = 0;; ++round) {
      const Clock& clock = call_.deadline.clock();
      const Clock::Time start = clock.now();
      const std::size_t tokens = trace_.tokens;
      const std::size_t errors = trace_.errors.size();
      auto scores = attempt(stage);
      if (scores && trace_.errors.size() == errors) {
        state_.succeeded();
        state_.observe(call_.texts.first(scores->size()), trace_.tokens - tokens,
                       milliseconds(clock.now() - start));
      }
      if (scores) return scores;
      state_.failed(options_, clock.now());
      if (round == options_.retries || !wait(round)) return std::nullopt;
    }
  }

  /// Sleeps before the next try; false when the deadline comes first.
  [[nodiscard]] bool wait(std::size_t round) const {
    const double base = options_.backoff_ms * std::exp2(static_cast<double>(round));
    const Clock& clock = call_.deadline.clock();
    // Any spread will do, as long as callers that failed together do not come back together.
    const auto ticks = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
    const double jitter = static_cast<double>(ticks * 0x9e3779b97f4a7c15U >> 40U) * 0x1p-24;
    const Clock::Duration pause = from_milliseconds(base * (1 + 0.5 * jitter));
    if (pause >= call_.deadline.remaining()) return false;
    clock.sleep_until(clock.now() + pause);
    return !call_.cancel.cancelled();
  }

  [[nodiscard]] std::optional<std::vector<float>> attempt(const AnyStage& stage) {
    ++trace_.attempts;
    std::vector<float> scores;
    try {
      fill(stage, scores);
      return scores;
    } catch (const Cancelled&) {
      throw;
    } catch (const std::exception& error) {
      trace_.errors.push_back(fmt::format("{}: {}", stage.traits().name, error.what()));
    } catch (...) {
      trace_.errors.push_back(stage.traits().name + ": an exception of an unknown type");
    }
    if (scores.empty()) return std::nullopt;
    trace_.cut = fmt::format("failed after {} candidates", scores.size());
    return scores;
  }

  void fill(const AnyStage& stage, std::vector<float>& scores) {
    const std::size_t piece =
        stage.traits().divisible ? options_.chunk : std::max<std::size_t>(call_.texts.size(), 1);
    double slowest = 0;  // milliseconds a candidate
    while (scores.size() < call_.texts.size()) {
      if (call_.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
      const Clock::Time start = call_.deadline.clock().now();
      const std::size_t count = std::min(piece, call_.texts.size() - scores.size());
      const double left = milliseconds(call_.deadline.remaining());
      if (!scores.empty() && slowest * static_cast<double>(count) > left) {
        trace_.cut = fmt::format("the deadline came after {} of {} candidates", scores.size(),
                                 call_.texts.size());
        return;
      }
      const std::vector<float> found = take(stage(part(scores.size(), count)), count, trace_);
      scores.insert(scores.end(), found.begin(), found.end());
      const double taken = milliseconds(call_.deadline.clock().now() - start);
      slowest = std::max(slowest, taken / static_cast<double>(count));
      if (found.size() < count) {
        trace_.cut =
            fmt::format("it stopped after {} of {} candidates", scores.size(), call_.texts.size());
        return;
      }
    }
  }

  [[nodiscard]] StageCall part(std::size_t first, std::size_t count) const {
    const auto scores = call_.scores.empty() ? call_.scores : call_.scores.subspan(first, count);
    return {call_.query,
            call_.texts.subspan(first, count),
            call_.ids.subspan(first, count),
            scores,
            call_.deadline,
            call_.cancel};
  }

  const StageCall& call_;
  const StageOptions& options_;
  StageState& state_;
  StageTrace& trace_;
};

}  // namespace tamis::detail
