// remote/ask_all.cpp
#include "remote/ask_all.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

namespace tamis::remote {

bool wait_before(std::size_t attempt, double asked_ms, const Terms& terms, const Deadline& deadline,
                 const CancelToken& cancel, const HttpOptions& options) {
  // A call that was cancelled from another thread ends after this time at the latest.
  constexpr double kLongestSleepMs = 10;
  constexpr std::size_t kMostDoublings = 20;
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto doubled = static_cast<double>(1U << std::min(attempt - 1, kMostDoublings));
  const double jitter = std::uniform_real_distribution<double>(1.0, 1.5)(random);
  const double ms = std::max(terms.backoff_ms * doubled * jitter, asked_ms);
  if (ms >= std::min(milliseconds(deadline.remaining()), options.timeout_ms)) return false;
  const Clock& clock = deadline.clock();
  const Clock::Time end = clock.now() + from_milliseconds(ms);
  while (clock.now() < end) {
    if (cancel.cancelled()) throw Cancelled("the request was cancelled");
    if (options.on_wait) options.on_wait();
    clock.sleep_until(std::min(end, clock.now() + from_milliseconds(kLongestSleepMs)));
  }
  return true;
}

}  // namespace tamis::remote
