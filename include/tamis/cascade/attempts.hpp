// tamis/cascade/attempts.hpp: a stage is tried, after failures again, then its fallbacks, in what
// time is left.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include <tamis/cascade/options.hpp>
#include <tamis/cascade/score_call.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/stage_state.hpp>
#include <tamis/cascade/trace.hpp>
#include <tamis/error.hpp>

namespace tamis::detail {

/// Whether a failure of the stage does: see StageOptions::on_error.
[[nodiscard]] inline bool ends_run(const CascadeStage& used, const Deadline& deadline) {
  // Who waits for an answer counts in milliseconds, and may leave a little early.
  constexpr Clock::Duration kClose = std::chrono::milliseconds(5);
  const bool retrieves = used.stage.traits().kind == StageKind::retrieve;
  const bool had_time = deadline.remaining() > kClose;
  const OnError usual = retrieves && had_time ? OnError::raise : OnError::skip;
  return used.options.on_error.value_or(usual) == OnError::raise;
}

class Attempts {
 public:
  Attempts(const StageCall& call, const StageOptions& options, StageState& state, StageTrace& trace)
      : call_(call), options_(options), state_(state), trace_(trace) {}

  /// What `once(stage)` returns; nothing when the stage and all its fallbacks threw. Throws
  /// Cancelled.
  template <typename Once>
  [[nodiscard]] auto run(const AnyStage& stage, Once once)
      -> std::optional<std::invoke_result_t<Once, const AnyStage&>> {
    if (state_.open(call_.deadline.clock().now())) {
      trace_.errors.push_back(fmt::format("{} is left alone after repeated failures, the last: {}",
                                          stage.traits().name, state_.last_failure()));
    } else if (auto result = with_retries(stage, once)) {
      return result;
    }
    return fallbacks(once);
  }

  /// As `run`, of the fallbacks alone.
  template <typename Once>
  [[nodiscard]] auto fallbacks(Once once)
      -> std::optional<std::invoke_result_t<Once, const AnyStage&>> {
    for (const AnyStage& other : options_.fallback) {
      if (call_.deadline.passed()) break;
      trace_.ran = other.traits().name;
      if (auto result = guarded(other, once)) return result;
    }
    trace_.ran.clear();
    return std::nullopt;
  }

  /// What was thrown last.
  [[nodiscard]] const std::exception_ptr& cause() const noexcept { return cause_; }

 private:
  /// A selection that costs nothing is asked each time: candidates make it fail, not a service.
  [[nodiscard]] static bool costs(const AnyStage& stage) {
    return stage.traits().kind != StageKind::select || !stage.traits().scorer.empty();
  }

  /// The next candidates may be others.
  [[nodiscard]] static bool is_of_input(const std::exception_ptr& cause) {
    try {
      std::rethrow_exception(cause);
    } catch (const TruncationError&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  template <typename Once>
  [[nodiscard]] auto with_retries(const AnyStage& stage, Once& once)
      -> std::optional<std::invoke_result_t<Once, const AnyStage&>> {
    for (std::size_t round = 0;; ++round) {
      const std::size_t errors = trace_.errors.size();
      auto result = guarded(stage, once);
      if (result && trace_.errors.size() == errors) state_.succeeded();
      if (result) return result;
      if (round == options_.retries || !wait(round)) break;
    }
    if (costs(stage) && !is_of_input(cause_)) {
      state_.failed(options_, call_.deadline.clock().now(), trace_.errors.back());
    }
    return std::nullopt;
  }

  template <typename Once>
  [[nodiscard]] auto guarded(const AnyStage& stage, Once& once)
      -> std::optional<std::invoke_result_t<Once, const AnyStage&>> {
    if (call_.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
    ++trace_.attempts;
    try {
      return once(stage);
    } catch (const Cancelled&) {
      throw;
    } catch (...) {
      cause_ = std::current_exception();
      if (!cause_) throw;  // no exception: the thread is being ended
      trace_.errors.push_back(fmt::format("{}: {}", stage.traits().name, message_of(cause_)));
    }
    return std::nullopt;
  }

  /// Sleeps before the next try; false when the deadline comes first. Throws Cancelled.
  [[nodiscard]] bool wait(std::size_t round) const {
    const double base = options_.backoff_ms * std::exp2(static_cast<double>(round));
    const Clock& clock = call_.deadline.clock();
    // Any spread will do, as long as callers that failed together do not come back together.
    const auto ticks = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
    const double jitter = static_cast<double>(ticks * 0x9e3779b97f4a7c15U >> 40U) * 0x1p-24;
    const Clock::Duration pause = from_milliseconds(base * (1 + 0.5 * jitter));
    if (pause >= call_.deadline.remaining()) return false;
    const Clock::Time end = clock.now() + pause;
    for (Clock::Time now = clock.now(); now < end; now = clock.now()) {
      clock.sleep_until(std::min(end, now + kNap));
      if (call_.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
    }
    return true;
  }

  static constexpr Clock::Duration kNap = std::chrono::milliseconds(20);  ///< between looks

  const StageCall& call_;
  const StageOptions& options_;
  StageState& state_;
  StageTrace& trace_;
  std::exception_ptr cause_;
};

}  // namespace tamis::detail
