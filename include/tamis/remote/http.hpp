// tamis/remote/http.hpp: posts JSON over HTTP inside a deadline (libcurl).
//
//   tamis::HttpClient client;
//   client.post_all(
//       texts.size(), [&](std::size_t index) { return request_with(texts[index]); },
//       [&](std::size_t index, tamis::HttpResult result) -> std::optional<double> {
//         answers[index] = read(result);
//         return std::nullopt;  // or milliseconds after which it is to be sent again
//       },
//       deadline, cancel);
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <tamis/cancel.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/remote/error.hpp>

namespace tamis {

struct HttpOptions {
  std::string ca_file;               ///< PEM file of authorities to trust; empty: the system's
  std::optional<std::string> proxy;  ///< none: https_proxy, http_proxy and no_proxy
  /// After decompression. Scores of a thousand passages are a tenth of it; what is read is read
  /// inside the deadline.
  std::size_t max_response_bytes = 1U << 20U;
  std::size_t connections = 8;  ///< requests of one call that are under way at once
  double connect_timeout_ms = 5000;
  /// Of one request, where the deadline is later or there is none. A service that asks for a longer
  /// wait (Retry-After) is not asked again.
  double timeout_ms = 60'000;
  /// Called about every 20 ms by the thread that waits, but not in the last 20 before the deadline,
  /// which it might hold up; what it throws ends the call.
  std::function<void()> on_wait = {};

  /// For answers with passages in them.
  [[nodiscard]] static HttpOptions of_databases() {
    HttpOptions options;
    options.max_response_bytes = 8U << 20U;
    return options;
  }
};

struct HttpRequest {
  std::string url;                   ///< http:// or https://
  std::vector<std::string> headers;  ///< "Name: value"; the content type is JSON's
  std::string body;
};

struct HttpResponse {
  long status = 0;
  std::string body;
  std::optional<double> retry_after_ms;  ///< Retry-After, whether seconds or a date
  std::string location;                  ///< where a redirect points; it is not followed
};

/// An error when no whole response came.
using HttpResult = std::variant<HttpResponse, RemoteError>;

/// Keeps connections open between calls. Copies share them; any number of threads may call.
/// Certificates are verified. Redirects are not followed: a key goes to the host that was named and
/// to no other.
class HttpClient {
 public:
  /// Throws InvalidArgument for a ca_file that is not there.
  explicit HttpClient(HttpOptions options = {});

  /// Posts `make(0)` to `make(count - 1)`, each made when its turn to be sent has come: those that
  /// the deadline leaves out are not, and a RemoteError of `make` is that request's result.
  /// `take(index, result)` is called for each as they come; milliseconds that it returns are waited
  /// until that one is made and sent again, while others go on. Both are called by this thread.
  /// Returns at the deadline at the latest: what has not come by then is an error, and after it
  /// nothing is sent. Throws InvalidArgument for a URL or header that cannot be sent, Cancelled,
  /// what `take` throws.
  void post_all(std::size_t count, const std::function<HttpRequest(std::size_t)>& make,
                const std::function<std::optional<double>(std::size_t, HttpResult)>& take,
                const Deadline& deadline, const CancelToken& cancel) const;

  [[nodiscard]] const HttpOptions& options() const noexcept;

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace tamis
