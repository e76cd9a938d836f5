// remote/http_client.cpp: requests side by side, until all have come or the deadline has.
#include <algorithm>
#include <filesystem>
#include <mutex>
#include <new>
#include <utility>

#include <unistd.h>

#include <tamis/remote/http.hpp>

#include "remote/transfer.hpp"

namespace tamis {
namespace {

using remote::Transfer;

// A call that was cancelled from another thread ends after this time at the latest.
constexpr double kLongestWaitMs = 20;

struct MultiCloser {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
};
using Multi = std::unique_ptr<CURLM, MultiCloser>;

Multi new_multi() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) raise<Error>("libcurl: {}", curl_easy_strerror(started));
  Multi multi(curl_multi_init());
  if (multi == nullptr) throw std::bad_alloc();
  return multi;
}

/// The requests of one call on one set of connections.
class Exchange {
 public:
  Exchange(CURLM* multi, std::span<const HttpRequest> requests, const HttpOptions& options)
      : multi_(multi), requests_(requests), options_(options), transfers_(requests.size()) {
    results_.resize(requests.size(),
                    RemoteError("the deadline came before an answer", 0, /*may_pass=*/true));
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    for (std::size_t i = 0; i < transfers_.size(); ++i) stop(i);
  }

  std::vector<HttpResult> run(const Deadline& whole, const CancelToken& cancel) {
    const Deadline deadline = whole.within(from_milliseconds(options_.timeout_ms));
    while (true) {
      if (cancel.cancelled()) throw Cancelled("the request was cancelled");
      if (options_.on_wait) options_.on_wait();
      start();
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect();
      if (under_way_ == 0 && next_ == requests_.size()) break;
      const double left = milliseconds(deadline.remaining());
      if (left <= 0) break;
      // Rounded down: a last part of a millisecond is spent asking.
      curl_multi_poll(multi_, nullptr, 0, static_cast<int>(std::min(left, kLongestWaitMs)),
                      nullptr);
    }
    return std::move(results_);
  }

 private:
  void start() {
    for (; next_ < requests_.size() && under_way_ < options_.connections; ++next_) {
      transfers_[next_] = std::make_unique<Transfer>(requests_[next_], options_);
      if (curl_multi_add_handle(multi_, transfers_[next_]->easy()) != CURLM_OK) {
        throw std::bad_alloc();
      }
      ++under_way_;
    }
  }

  void collect() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto at = std::find_if(transfers_.begin(), transfers_.end(), [&](const auto& transfer) {
        return transfer != nullptr && transfer->easy() == message->easy_handle;
      });
      const auto index = static_cast<std::size_t>(at - transfers_.begin());
      results_[index] = (*at)->result(message->data.result);
      stop(index);
      --under_way_;
    }
  }

  void stop(std::size_t index) {
    if (transfers_[index] == nullptr) return;
    curl_multi_remove_handle(multi_, transfers_[index]->easy());
    transfers_[index].reset();
  }

  CURLM* multi_;
  std::span<const HttpRequest> requests_;
  const HttpOptions& options_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<HttpResult> results_;
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
};

}  // namespace

/// Sets of connections that no call uses now. Each belongs to one call at a time, and to the
/// process that opened it: two that read one socket get each other's answers.
struct HttpClient::Shared {
  HttpOptions options;
  std::mutex mutex;
  std::vector<Multi> idle;
  pid_t owner = getpid();

  Multi take() {
    const std::lock_guard lock(mutex);
    if (owner != getpid()) {
      // Closing would say goodbye to the server in the parent's name.
      for (Multi& multi : idle) (void)multi.release();
      idle.clear();
      owner = getpid();
    }
    if (idle.empty()) return new_multi();
    Multi multi = std::move(idle.back());
    idle.pop_back();
    return multi;
  }
  void give_back(Multi multi) {
    const std::lock_guard lock(mutex);
    idle.push_back(std::move(multi));
  }
};

HttpClient::HttpClient(HttpOptions options) : shared_(std::make_shared<Shared>()) {
  if (!options.ca_file.empty() && !std::filesystem::exists(options.ca_file)) {
    raise<InvalidArgument>("ca_file '{}' does not exist", options.ca_file);
  }
  options.connections = std::max<std::size_t>(options.connections, 1);
  shared_->options = std::move(options);
}

const HttpOptions& HttpClient::options() const noexcept { return shared_->options; }

std::vector<HttpResult> HttpClient::post_all(std::span<const HttpRequest> requests,
                                             const Deadline& deadline,
                                             const CancelToken& cancel) const {
  Multi multi = shared_->take();
  std::vector<HttpResult> results =
      Exchange(multi.get(), requests, shared_->options).run(deadline, cancel);
  shared_->give_back(std::move(multi));
  return results;
}

}  // namespace tamis
