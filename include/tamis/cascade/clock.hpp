// tamis/cascade/clock.hpp: monotonic time that a test can drive, and one absolute deadline.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace tamis {

/// Any number of threads may read one clock.
class Clock {
 public:
  using Duration = std::chrono::nanoseconds;
  using Time = std::chrono::time_point<std::chrono::steady_clock, Duration>;

  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual Time now() const = 0;
  virtual void sleep_until(Time time) const = 0;
};

/// The machine's monotonic clock.
class SteadyClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
  }
  void sleep_until(Time time) const override { std::this_thread::sleep_until(time); }
};

/// Moves only when it is told to; sleeping moves it.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time(Duration(ticks_.load())); }
  void sleep_until(Time time) const override {
    const Duration::rep wanted = time.time_since_epoch().count();
    Duration::rep ticks = ticks_.load();
    while (ticks < wanted && !ticks_.compare_exchange_weak(ticks, wanted)) {
    }
  }
  void advance(Duration duration) { ticks_ += duration.count(); }

 private:
  mutable std::atomic<Duration::rep> ticks_{0};
};

[[nodiscard]] constexpr double milliseconds(Clock::Duration duration) noexcept {
  return static_cast<double>(duration.count()) * 1e-6;
}

/// `ms` may be fractional; what no duration can hold becomes the longest there is.
[[nodiscard]] constexpr Clock::Duration from_milliseconds(double ms) noexcept {
  constexpr double kMost = 1e12;
  return Clock::Duration(static_cast<Clock::Duration::rep>(std::clamp(ms, -kMost, kMost) * 1e6));
}

/// A point in time after which nothing more is to be started. One of them goes through a whole run:
/// stages, retries and fallbacks see the same.
class Deadline {
 public:
  /// Without a time it never passes.
  explicit Deadline(std::shared_ptr<const Clock> clock, std::optional<Clock::Time> time = {})
      : clock_(std::move(clock)), time_(time) {}

  [[nodiscard]] bool passed() const { return time_ && clock_->now() >= *time_; }

  /// Negative when it has passed; the longest duration when there is no time.
  [[nodiscard]] Clock::Duration remaining() const {
    return time_ ? *time_ - clock_->now() : Clock::Duration::max();
  }

  /// The sooner of this and `duration` from now.
  [[nodiscard]] Deadline within(Clock::Duration duration) const {
    const Clock::Time end = clock_->now() + duration;
    return Deadline(clock_, time_ ? std::min(*time_, end) : end);
  }

  /// After this part, in [0, 1], of the time that is left.
  [[nodiscard]] Deadline after(double part) const {
    if (!time_ || part == 1) return *this;
    return within(from_milliseconds(part * milliseconds(remaining())));
  }

  [[nodiscard]] const std::optional<Clock::Time>& time() const noexcept { return time_; }
  [[nodiscard]] const Clock& clock() const noexcept { return *clock_; }

 private:
  std::shared_ptr<const Clock> clock_;
  std::optional<Clock::Time> time_;
};

}  // namespace tamis
