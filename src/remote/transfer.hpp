// remote/transfer.hpp: one request on its way.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include <curl/curl.h>

#include <tamis/remote/http.hpp>

namespace tamis::remote {

struct EasyCloser {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct ListCloser {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// Of a request that was under way at the deadline, or had to be left out.
[[nodiscard]] inline RemoteError too_late() {
  return RemoteError("the deadline came before an answer", 0, /*may_pass=*/true);
}

/// Holds its address: curl writes into it.
class Transfer {
 public:
  /// `options` and `deadline`, after which nothing is sent and nothing taken, must outlive it.
  /// Throws InvalidArgument for a URL or header that cannot be sent.
  Transfer(HttpRequest request, const HttpOptions& options, const Deadline& deadline);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* easy() const noexcept { return easy_.get(); }

  /// What became of it.
  [[nodiscard]] HttpResult result(CURLcode code);

 private:
  static std::size_t send(char* data, std::size_t size, std::size_t count, void* self);
  static int rewind(void* self, curl_off_t offset, int origin);
  static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);

  void set_up();

  HttpRequest request_;
  const HttpOptions& options_;
  const Deadline& deadline_;
  std::unique_ptr<CURL, EasyCloser> easy_;
  std::unique_ptr<curl_slist, ListCloser> headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::size_t sent_ = 0;  ///< bytes of the request's body
  std::string body_;
  bool too_long_ = false;
  bool late_ = false;
};

}  // namespace tamis::remote
