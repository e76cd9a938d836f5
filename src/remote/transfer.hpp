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

/// Holds its address: curl writes into it.
class Transfer {
 public:
  /// `request` and `options` must outlive it. Throws InvalidArgument for a URL or header that
  /// cannot be sent.
  Transfer(const HttpRequest& request, const HttpOptions& options);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  [[nodiscard]] CURL* easy() const noexcept { return easy_.get(); }

  /// What became of it.
  [[nodiscard]] HttpResult result(CURLcode code);

 private:
  static std::size_t receive(char* data, std::size_t size, std::size_t count, void* self);

  const HttpRequest& request_;
  const HttpOptions& options_;
  std::unique_ptr<CURL, EasyCloser> easy_;
  std::unique_ptr<curl_slist, ListCloser> headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  std::string body_;
  bool too_long_ = false;
};

}  // namespace tamis::remote
