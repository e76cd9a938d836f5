#include "remote/local_server.hpp"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace test {
namespace {

int listen_somewhere(int& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (socket < 0 || ::bind(socket, plain, size) != 0 || ::listen(socket, 128) != 0 ||
      ::getsockname(socket, plain, &size) != 0) {
    throw std::runtime_error("no local server");
  }
  port = ntohs(address.sin_port);
  return socket;
}

/// False when the other side has closed or the server stops.
bool readable(int socket, const std::atomic<bool>& stopping) {
  while (!stopping) {
    pollfd waiting{socket, POLLIN, 0};
    if (::poll(&waiting, 1, 10) > 0) return true;
  }
  return false;
}

/// False when the other side has closed meanwhile or the server stops.
bool waited(int socket, std::chrono::milliseconds delay, const std::atomic<bool>& stopping) {
  const auto end = std::chrono::steady_clock::now() + delay;
  while (!stopping) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    pollfd closing{socket, POLLRDHUP, 0};
    if (::poll(&closing, 1, static_cast<int>(std::min<long>(left.count(), 10))) > 0) return false;
  }
  return false;
}

std::size_t length_in(const std::string& head) {
  std::string lower = head;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t at = lower.find("content-length:");
  return at == std::string::npos ? 0 : std::stoul(lower.substr(at + 15));
}

bool send_all(int socket, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t count = ::send(socket, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

LocalServer::LocalServer(Handler handler, Keep keep)
    : handler_(std::move(handler)), keep_(keep), listener_(listen_somewhere(port_)) {
  accepting_ = std::thread([this] { accept_all(); });
}

LocalServer::~LocalServer() {
  stopping_ = true;
  accepting_.join();
  while (serving_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ::close(listener_);
}

std::vector<Asked> LocalServer::asked() const {
  const std::lock_guard lock(mutex_);
  return asked_;
}

void LocalServer::accept_all() {
  while (readable(listener_, stopping_)) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++connections_;
    ++serving_;
    std::thread([this, socket] {
      serve(socket);
      ::close(socket);
      --serving_;
    }).detach();
  }
}

void LocalServer::serve(int socket) {
  std::string received;
  char buffer[1 << 16];
  while (readable(socket, stopping_)) {
    const ssize_t count = ::recv(socket, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    received.append(buffer, static_cast<std::size_t>(count));
    const std::size_t end = received.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const std::size_t whole = end + 4 + length_in(received.substr(0, end));
    if (received.size() < whole) continue;
    const Asked asked{received.substr(0, end), received.substr(end + 4, whole - end - 4)};
    received.erase(0, whole);
    if (keep_ == Keep::all) {
      const std::lock_guard lock(mutex_);
      asked_.push_back(asked);
    }
    if (!answer(socket, asked)) return;
  }
}

bool LocalServer::answer(int socket, const Asked& asked) {
  const Reply reply = handler_(asked);
  if (!waited(socket, reply.delay, stopping_) || reply.hang_up) return false;
  const std::size_t length = reply.promised != 0 ? reply.promised : reply.body.size();
  const bool sent = send_all(
      socket, fmt::format("HTTP/1.1 {} X\r\n{}Content-Type: application/json\r\nContent-Length: {}"
                          "\r\n\r\n{}",
                          reply.status, reply.headers, length, reply.body));
  return sent && reply.promised == 0;
}

std::string dead_url() {
  int port = 0;
  ::close(listen_somewhere(port));
  return fmt::format("http://127.0.0.1:{}", port);
}

}  // namespace test
