// remote/ask_all.hpp: requests side by side, again and again while failures may pass and time is
// left.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tamis/cancel.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/remote/http.hpp>
#include <tamis/remote/rerank_api.hpp>

#include "remote/access.hpp"

namespace tamis::remote {

/// A request, made whenever it is to be sent, and what came of it: one of `answer` and `error`.
template <typename Answer>
struct Ask {
  std::function<HttpRequest()> request;  ///< may throw RemoteError
  std::optional<Answer> answer = {};
  std::optional<RemoteError> error = {};

  [[nodiscard]] bool open() const { return !answer && (!error || error->may_pass()); }
};

struct Terms {
  std::string service;               ///< for messages
  std::vector<std::string> secrets;  ///< are taken out of them
  std::size_t retries;
  double backoff_ms;  ///< doubles, with up to half of it as jitter
};

/// Waits before the attempt with that number; false, at once, when the wait would end after the
/// deadline or be longer than a call may take. Throws Cancelled.
[[nodiscard]] bool wait_before(std::size_t attempt, double asked_ms, const Terms& terms,
                               const Deadline& deadline, const CancelToken& cancel,
                               const HttpOptions& options);

/// `read(body, index)` makes an answer of the body of a success, or throws RemoteError. Answers are
/// read as they come, while others are waited for.
template <typename Answer, typename Read>
void ask_all(const HttpClient& client, std::vector<Ask<Answer>>& asks, const Terms& terms,
             const Deadline& deadline, const CancelToken& cancel, Read&& read) {
  const auto settle = [&](HttpResult result, std::size_t index) {
    Ask<Answer>& ask = asks[index];
    const std::optional<RemoteError> before = std::exchange(ask.error, std::nullopt);
    try {
      if (const auto* const failed = std::get_if<RemoteError>(&result)) throw *failed;
      const auto& response = std::get<HttpResponse>(result);
      if (auto error = error_of(terms.service, response, terms.secrets)) throw std::move(*error);
      ask.answer = read(response.body, index);
    } catch (const RemoteError& error) {
      if (before && deadline.passed()) {  // which says more than that time ran out
        ask.error = before;
        return;
      }
      ask.error = RemoteError(without_secrets(error.what(), terms.secrets), error.status(),
                              error.may_pass(), error.retry_after_ms());
    }
  };
  for (std::size_t attempt = 0; attempt <= terms.retries; ++attempt) {
    std::vector<std::size_t> open;
    double asked_ms = 0;
    for (std::size_t i = 0; i < asks.size(); ++i) {
      if (!asks[i].open()) continue;
      open.push_back(i);
      if (asks[i].error) asked_ms = std::max(asked_ms, asks[i].error->retry_after_ms().value_or(0));
    }
    if (open.empty()) return;
    if (attempt > 0 && !wait_before(attempt, asked_ms, terms, deadline, cancel, client.options())) {
      return;
    }
    client.post_all(
        open.size(), [&](std::size_t at) { return asks[open[at]].request(); },
        [&](std::size_t at, HttpResult result) { settle(std::move(result), open[at]); }, deadline,
        cancel);
  }
}

}  // namespace tamis::remote
