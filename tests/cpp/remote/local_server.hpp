// A real HTTP/1.1 server on this machine, whose answers a test makes up, rude ones too.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace test {

struct Asked {
  std::string head;  ///< request line and headers
  std::string body;
};

struct Reply {
  int status = 200;
  std::string body;
  std::string headers;                 ///< "Name: value\r\n", any number
  std::chrono::milliseconds delay{0};  ///< before the answer
  bool hang_up = false;                ///< close without one
  std::size_t promised = 0;            ///< Content-Length when it is to be a lie
};

class LocalServer {
 public:
  using Handler = std::function<Reply(const Asked&)>;

  enum class Keep { all, nothing };  ///< of what was asked

  explicit LocalServer(Handler handler, Keep keep = Keep::all);
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;
  ~LocalServer();

  [[nodiscard]] std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  [[nodiscard]] int connections() const { return connections_; }
  [[nodiscard]] std::vector<Asked> asked() const;

 private:
  void accept_all();
  void serve(int socket);
  bool answer(int socket, const Asked& asked);

  Handler handler_;
  Keep keep_;
  int port_ = 0;  // before the listener, which sets it
  int listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::atomic<int> serving_{0};
  std::thread accepting_;
};

/// An address of this machine where nobody listens.
[[nodiscard]] std::string dead_url();

}  // namespace test
