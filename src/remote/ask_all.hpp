// remote/ask_all.hpp: requests side by side, each again and again while its failures may pass and
// time is left.
#pragma once

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
  std::size_t retries = 0;
};

struct Terms {
  std::string service;               ///< for messages
  std::vector<std::string> secrets;  ///< are taken out of them
  std::size_t retries;
  double backoff_ms;  ///< doubles, with up to half of it as jitter
};

/// Throws InvalidArgument for one that is negative or not finite.
[[nodiscard]] double checked_backoff(double ms);

/// Milliseconds until a request that failed like that is sent again, for the `retry`th time (from
/// 1). Nothing when it is not: the failure will not pass, or the wait would end after the deadline
/// or be longer than a request may take. Then `error` says so, if the service asked for it.
[[nodiscard]] std::optional<double> wait_before(std::size_t retry, RemoteError& error,
                                                const Terms& terms, const Deadline& deadline,
                                                const HttpOptions& options);

/// `read(body, index)` makes an answer of the body of a success, or throws RemoteError. Answers are
/// read as they come, while others are waited for.
template <typename Answer, typename Read>
void ask_all(const HttpClient& client, std::vector<Ask<Answer>>& asks, const Terms& terms,
             const Deadline& deadline, const CancelToken& cancel, Read&& read) {
  const auto settle = [&](std::size_t index, HttpResult result) -> std::optional<double> {
    Ask<Answer>& ask = asks[index];
    const std::optional<RemoteError> before = std::exchange(ask.error, std::nullopt);
    try {
      if (const auto* const failed = std::get_if<RemoteError>(&result)) throw *failed;
      const auto& response = std::get<HttpResponse>(result);
      if (auto error = error_of(terms.service, response, terms.secrets)) throw std::move(*error);
      ask.answer = read(response.body, index);
      return std::nullopt;
    } catch (const RemoteError& error) {
      if (before && deadline.passed()) {  // which says more than that time ran out
        ask.error = before;
        return std::nullopt;
      }
      ask.error = RemoteError(without_secrets(error.what(), terms.secrets), error.status(),
                              error.may_pass(), error.retry_after_ms());
    }
    return wait_before(++ask.retries, *ask.error, terms, deadline, client.options());
  };
  client.post_all(
      asks.size(), [&](std::size_t index) { return asks[index].request(); }, settle, deadline,
      cancel);
}

}  // namespace tamis::remote
