// remote/http_client.cpp: requests side by side, until all have come or the deadline has.
#include <algorithm>
#include <filesystem>
#include <mutex>
#include <new>
#include <optional>
#include <utility>

#include <tamis/remote/http.hpp>

#include "parallel/per_process.hpp"
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
  using Make = std::function<HttpRequest(std::size_t)>;
  using Take = std::function<std::optional<double>(std::size_t, HttpResult)>;

  Exchange(CURLM* multi, std::size_t count, const Make& make, const Take& take,
           const HttpOptions& options, const Deadline& deadline)
      : multi_(multi),
        count_(count),
        make_(make),
        take_(take),
        options_(options),
        deadline_(deadline),
        transfers_(count),
        settled_(count, false) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() {
    for (std::size_t i = 0; i < transfers_.size(); ++i) stop(i);
  }

  void run(const CancelToken& cancel) {
    while (under_way_ > 0 || next_ < count_ || !again_.empty()) {
      if (cancel.cancelled()) throw Cancelled("the request was cancelled");
      call_on_wait();
      const bool over = deadline_.passed();
      const bool started = !over && start();
      int running = 0;
      curl_multi_perform(multi_, &running);
      if (collect() || started) continue;
      if (over) break;
      wait();
    }
    for (std::size_t i = 0; i < count_; ++i) {
      if (!settled_[i]) (void)take_(i, remote::too_late());
    }
  }

 private:
  struct Again {
    Clock::Time at;
    std::size_t index;
  };

  [[nodiscard]] const Clock& clock() const { return deadline_.clock(); }

  void call_on_wait() {
    const Clock::Time now = clock().now();
    if (!options_.on_wait || now < next_call_) return;
    next_call_ = now + from_milliseconds(kLongestWaitMs);
    if (milliseconds(deadline_.remaining()) > kLongestWaitMs) options_.on_wait();
  }

  /// Until something comes or is to be sent again. Rounded down: a last part of a millisecond is
  /// spent asking.
  void wait() const {
    double ms = std::clamp(milliseconds(deadline_.remaining()), 0.0, kLongestWaitMs);
    const bool full = under_way_ == options_.connections;  // then none can be sent again yet
    for (std::size_t i = 0; !full && i < again_.size(); ++i) {
      ms = std::clamp(milliseconds(again_[i].at - clock().now()), 0.0, ms);
    }
    if (under_way_ == 0) return clock().sleep_until(clock().now() + from_milliseconds(ms));
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(ms), nullptr);
  }

  /// The request whose turn it is.
  std::optional<std::size_t> turn() {
    const Clock::Time now = clock().now();
    const auto due = std::find_if(again_.begin(), again_.end(),
                                  [&](const Again& again) { return again.at <= now; });
    if (due == again_.end()) return next_ < count_ ? std::optional(next_++) : std::nullopt;
    const std::size_t index = due->index;
    again_.erase(due);
    return index;
  }

  /// Begins one request, alone: it is under way while another is made. False when none is to be.
  bool start() {
    if (under_way_ == options_.connections) return false;
    const std::optional<std::size_t> index = turn();
    if (!index) return false;
    try {
      transfers_[*index] = std::make_unique<Transfer>(make_(*index), options_, deadline_);
    } catch (const RemoteError& error) {
      settle(*index, error);
      return true;
    }
    if (curl_multi_add_handle(multi_, transfers_[*index]->easy()) != CURLM_OK) {
      throw std::bad_alloc();
    }
    ++under_way_;
    return true;
  }

  void settle(std::size_t index, HttpResult result) {
    const std::optional<double> ms = take_(index, std::move(result));
    settled_[index] = !ms;
    if (ms) again_.push_back({clock().now() + from_milliseconds(*ms), index});
  }

  /// Whether any has come.
  bool collect() {
    int left = 0;
    bool any = false;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto at = std::find_if(transfers_.begin(), transfers_.end(), [&](const auto& transfer) {
        return transfer != nullptr && transfer->easy() == message->easy_handle;
      });
      const auto index = static_cast<std::size_t>(at - transfers_.begin());
      HttpResult result = (*at)->result(message->data.result);
      stop(index);
      --under_way_;
      any = true;
      settle(index, std::move(result));
    }
    return any;
  }

  void stop(std::size_t index) {
    if (transfers_[index] == nullptr) return;
    curl_multi_remove_handle(multi_, transfers_[index]->easy());
    transfers_[index].reset();
  }

  CURLM* multi_;
  std::size_t count_;
  const Make& make_;
  const Take& take_;
  const HttpOptions& options_;
  const Deadline& deadline_;
  std::vector<std::unique_ptr<Transfer>> transfers_;
  std::vector<bool> settled_;
  std::vector<Again> again_;
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
  Clock::Time next_call_{};
};

/// Sets of connections that no call uses now. Each belongs to one call at a time.
struct Idle {
  std::mutex mutex;
  std::vector<Multi> idle;

  Multi take() {
    const std::lock_guard lock(mutex);
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

}  // namespace

/// Connections belong to the process that opened them: two that read one socket get each other's
/// answers, and closing one says goodbye to the server in the other's name.
struct HttpClient::Shared {
  HttpOptions options;
  PerProcess<Idle> idle;
};

HttpClient::HttpClient(HttpOptions options) : shared_(std::make_shared<Shared>()) {
  if (!options.ca_file.empty() && !std::filesystem::exists(options.ca_file)) {
    raise<InvalidArgument>("ca_file '{}' does not exist", options.ca_file);
  }
  for (const auto& [name, ms] : {std::pair{"timeout_ms", options.timeout_ms},
                                 std::pair{"connect_timeout_ms", options.connect_timeout_ms}}) {
    if (!(ms > 0)) raise<InvalidArgument>("{} must be above 0, got {}", name, ms);
  }
  options.connections = std::max<std::size_t>(options.connections, 1);
  shared_->options = std::move(options);
}

const HttpOptions& HttpClient::options() const noexcept { return shared_->options; }

void HttpClient::post_all(std::size_t count, const std::function<HttpRequest(std::size_t)>& make,
                          const std::function<std::optional<double>(std::size_t, HttpResult)>& take,
                          const Deadline& deadline, const CancelToken& cancel) const {
  Idle& idle = shared_->idle.here();
  Multi multi = idle.take();
  Exchange(multi.get(), count, make, take, shared_->options, deadline).run(cancel);
  idle.give_back(std::move(multi));
}

}  // namespace tamis
