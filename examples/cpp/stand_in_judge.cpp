#include "stand_in_judge.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

int listen_somewhere(int& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (socket < 0 || ::bind(socket, plain, size) != 0 || ::listen(socket, 64) != 0 ||
      ::getsockname(socket, plain, &size) != 0) {
    throw std::runtime_error("no local server");
  }
  port = ntohs(address.sin_port);
  return socket;
}

/// False when the server stops.
bool readable(int socket, const std::atomic<bool>& stopping) {
  while (!stopping) {
    pollfd waiting{socket, POLLIN, 0};
    if (::poll(&waiting, 1, 10) > 0) return true;
  }
  return false;
}

std::size_t length_in(const std::string& head) {
  const std::size_t at = head.find("Content-Length:");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 15));
}

/// What stands between two marks of the prompt, which is JSON's text still.
std::string between(const std::string& body, std::string_view open, std::string_view close) {
  const std::size_t from = body.find(open);
  if (from == std::string::npos) return {};
  const std::size_t to = body.find(close, from);
  return body.substr(from + open.size(), to - from - open.size());
}

std::set<std::string> words(const std::string& text) {
  std::set<std::string> found;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '\\') {
      ++i;  // the letter of an escape
    } else if (i < text.size() && std::isalnum(static_cast<unsigned char>(text[i])) != 0) {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(text[i])));
      continue;
    }
    if (word.size() > 3) found.insert(word);
    word.clear();
  }
  return found;
}

/// 0 to 3.
int grade(const std::string& body) {
  const auto query = words(between(body, "<query>", "</query>"));
  const auto passage = words(between(body, "<passage>", "</passage>"));
  const auto shared = std::count_if(query.begin(), query.end(),
                                    [&](const auto& word) { return passage.contains(word); });
  const auto all = static_cast<double>(std::max<std::size_t>(query.size(), 1));
  return static_cast<int>(std::lround(3 * static_cast<double>(shared) / all));
}

}  // namespace

StandInJudge::StandInJudge(Manner manner) : manner_(manner), listener_(listen_somewhere(port_)) {
  accepting_ = std::thread([this] { accept_all(); });
}

StandInJudge::~StandInJudge() {
  stopping_ = true;
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::string StandInJudge::base_url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

void StandInJudge::accept_all() {
  while (readable(listener_, stopping_)) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) continue;
    threads_.emplace_back([this, socket] {
      serve(socket);
      ::close(socket);
    });
  }
}

/// The requests of a connection, one after the other.
void StandInJudge::serve(int socket) const {
  std::string received;
  char buffer[1 << 14];
  while (readable(socket, stopping_)) {
    const ssize_t count = ::recv(socket, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    received.append(buffer, static_cast<std::size_t>(count));
    const std::size_t end = received.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const std::size_t whole = end + 4 + length_in(received.substr(0, end));
    if (received.size() < whole) continue;
    if (manner_.hangs_up) return;
    std::this_thread::sleep_for(manner_.delay);
    const std::string answer = reply(received.substr(end + 4, whole - end - 4));
    received.erase(0, whole);
    if (::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
  }
}

std::string StandInJudge::reply(const std::string& body) const {
  if (manner_.refuses) {
    return "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Length: 2\r\n\r\n{}";
  }
  const std::string told =
      fmt::format(R"({{"choices":[{{"message":{{"role":"assistant","content":"{}"}}}}],)"
                  R"("usage":{{"total_tokens":{}}}}})",
                  grade(body), body.size() / 4);
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", told.size(), told);
}
