// tamis/remote/error.hpp: a service that did not answer as it should.
#pragma once

#include <optional>
#include <string>

#include <tamis/error.hpp>

namespace tamis {

/// Messages hold no key. Python: `tamis.RemoteError`.
class RemoteError : public Error {
 public:
  RemoteError(const std::string& message, long status, bool may_pass,
              std::optional<double> retry_after_ms = {})
      : Error(message), status_(status), may_pass_(may_pass), retry_after_ms_(retry_after_ms) {}

  /// Of the response; 0 when none came.
  [[nodiscard]] long status() const noexcept { return status_; }
  /// Whether the same request may succeed later: too many requests, a server's failure, no
  /// connection.
  [[nodiscard]] bool may_pass() const noexcept { return may_pass_; }
  /// How long the server asks to wait.
  [[nodiscard]] const std::optional<double>& retry_after_ms() const noexcept {
    return retry_after_ms_;
  }

 private:
  long status_;
  bool may_pass_;
  std::optional<double> retry_after_ms_;
};

}  // namespace tamis
