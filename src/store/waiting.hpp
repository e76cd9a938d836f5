// store/waiting.hpp: what a thread looks at while it waits for a database.
#pragma once

#include <algorithm>
#include <functional>

#include <tamis/cancel.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/store/store.hpp>

namespace tamis::store {

/// Of one search, by one thread.
class Waiting {
 public:
  /// A search that was cancelled from another thread ends after this time at the latest.
  static constexpr double kLongestMs = 20;

  Waiting(const StoreQuestion& question, const ConnectionOptions& options)
      : Waiting(question.deadline.within(from_milliseconds(options.timeout_ms)), question.cancel,
                options.on_wait) {}

  /// The same, with less time.
  [[nodiscard]] Waiting within(double ms) const {
    return {deadline_.within(from_milliseconds(ms)), cancel_, on_wait_};
  }

  /// Throws Cancelled; RetrievalError when the time is over; what `on_wait` throws.
  void check() const {
    if (cancel_.cancelled()) throw Cancelled("the search was cancelled");
    if (deadline_.passed()) throw RetrievalError("the deadline came before an answer");
    const Clock::Time now = deadline_.clock().now();
    if (!on_wait_ || now < next_call_) return;
    next_call_ = now + from_milliseconds(kLongestMs);
    on_wait_();
  }

  /// How long to sleep before the next check.
  [[nodiscard]] double sleep_ms() const {
    return std::clamp(milliseconds(deadline_.remaining()), 0.0, kLongestMs);
  }

 private:
  Waiting(Deadline deadline, const CancelToken& cancel, const std::function<void()>& on_wait)
      : deadline_(std::move(deadline)), cancel_(cancel), on_wait_(on_wait) {}

  Deadline deadline_;
  const CancelToken& cancel_;
  const std::function<void()>& on_wait_;
  mutable Clock::Time next_call_{};
};

}  // namespace tamis::store
