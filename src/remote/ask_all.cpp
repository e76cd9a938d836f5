// remote/ask_all.cpp
#include "remote/ask_all.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include <fmt/format.h>

#include <tamis/error.hpp>

namespace tamis::remote {

double checked_backoff(double ms) {
  if (ms >= 0 && std::isfinite(ms)) return ms;
  raise<InvalidArgument>("backoff_ms must be 0 or more, got {}", ms);
}

std::optional<double> wait_before(std::size_t retry, RemoteError& error, const Terms& terms,
                                  const Deadline& deadline, const HttpOptions& options) {
  constexpr std::size_t kMostDoublings = 20;
  if (!error.may_pass() || retry > terms.retries) return std::nullopt;
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto doubled = static_cast<double>(1U << std::min(retry - 1, kMostDoublings));
  const double jitter = std::uniform_real_distribution<double>(1.0, 1.5)(random);
  const double asked_ms = error.retry_after_ms().value_or(0);
  const double ms = std::max(terms.backoff_ms * doubled * jitter, asked_ms);
  const double left_ms = std::min(milliseconds(deadline.remaining()), options.timeout_ms);
  if (ms < left_ms) return ms;
  if (asked_ms >= left_ms && left_ms > 0) {
    error = RemoteError(fmt::format("{} (it asks to wait {:.4g} s, and {:.3g} s are left)",
                                    error.what(), asked_ms * 1e-3, left_ms * 1e-3),
                        error.status(), error.may_pass(), error.retry_after_ms());
  }
  return std::nullopt;
}

}  // namespace tamis::remote
