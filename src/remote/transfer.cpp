// remote/transfer.cpp
#include "remote/transfer.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <new>
#include <string_view>
#include <utility>

#include <tamis/version.hpp>

#include "remote/access.hpp"

namespace tamis::remote {
namespace {

void set(CURL* easy, CURLoption option, auto value) {
  if (const CURLcode code = curl_easy_setopt(easy, option, value); code != CURLE_OK) {
    raise<Error>("libcurl refuses an option: {}", curl_easy_strerror(code));
  }
}

void require_http(const std::string& url) {
  if (url.starts_with("https://") || url.starts_with("http://")) return;
  raise<InvalidArgument>("'{}' is no URL of a service: it must begin with https:// or http://",
                         url.substr(0, 200));
}

/// A line break would smuggle in another header; the value may be a key and is not shown.
void require_header(const std::string& header) {
  const std::size_t colon = header.find(':');
  if (colon != std::string::npos && header.find_first_of("\r\n") == std::string::npos) return;
  raise<InvalidArgument>("the header '{}' holds a line break or no colon",
                         header.substr(0, std::min(colon, std::size_t{40})));
}

curl_slist* appended(curl_slist* list, const char* header) {
  curl_slist* const longer = curl_slist_append(list, header);
  if (longer == nullptr) throw std::bad_alloc();
  return longer;
}

/// For libcurl, to which 0 means that there is no limit.
long whole_ms(double ms) {
  constexpr double kMost = 2e9;
  return static_cast<long>(std::ceil(std::min(ms, kMost)));
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

}  // namespace

Transfer::Transfer(HttpRequest request, const HttpOptions& options, const Deadline& deadline)
    : request_(std::move(request)),
      options_(options),
      deadline_(deadline),
      easy_(curl_easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
  require_http(request_.url);
  // No "Expect": a body of any size is sent at once instead of after a second's silence.
  for (const char* own :
       {"Content-Type: application/json", "Accept: application/json", "Expect:"}) {
    headers_.reset(appended(headers_.release(), own));
  }
  for (const std::string& header : request_.headers) {
    require_header(header);
    headers_.reset(appended(headers_.release(), header.c_str()));
  }
  set_up();
}

void Transfer::set_up() {
  CURL* const easy = easy_.get();
  set(easy, CURLOPT_URL, request_.url.c_str());
  set(easy, CURLOPT_PRIVATE, this);
  set(easy, CURLOPT_ERRORBUFFER, message_.data());
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
  // A name that is still being looked up must not hold up whoever gave up waiting.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_ACCEPT_ENCODING, "");
  set(easy, CURLOPT_USERAGENT, "tamis/" TAMIS_VERSION);
  set(easy, CURLOPT_HTTPHEADER, headers_.get());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_READFUNCTION, &Transfer::send);
  set(easy, CURLOPT_READDATA, this);
  set(easy, CURLOPT_SEEKFUNCTION, &Transfer::rewind);
  set(easy, CURLOPT_SEEKDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &Transfer::receive);
  set(easy, CURLOPT_WRITEDATA, this);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, whole_ms(options_.connect_timeout_ms));
  set(easy, CURLOPT_TIMEOUT_MS, whole_ms(options_.timeout_ms));
  if (!options_.ca_file.empty()) set(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  if (options_.proxy) set(easy, CURLOPT_PROXY, options_.proxy->c_str());
}

/// A body of megabytes goes out in parts, so that none is sent after the deadline.
std::size_t Transfer::send(char* data, std::size_t size, std::size_t count, void* self) {
  auto& own = *static_cast<Transfer*>(self);
  own.late_ = own.deadline_.passed();
  if (own.late_) return CURL_READFUNC_ABORT;
  const std::size_t bytes = own.request_.body.copy(data, size * count, own.sent_);
  own.sent_ += bytes;
  return bytes;
}

/// Before a request that a closed connection did not take is sent by another.
int Transfer::rewind(void* self, curl_off_t offset, int origin) {
  auto& own = *static_cast<Transfer*>(self);
  if (origin != SEEK_SET || offset < 0 ||
      static_cast<std::size_t>(offset) > own.request_.body.size()) {
    return CURL_SEEKFUNC_FAIL;
  }
  own.sent_ = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t Transfer::receive(char* data, std::size_t size, std::size_t count, void* self) {
  auto& own = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  own.late_ = own.deadline_.passed();
  if (own.late_) return 0;
  if (bytes > own.options_.max_response_bytes - own.body_.size()) {
    own.too_long_ = true;
    return 0;
  }
  own.body_.append(data, bytes);
  return bytes;
}

HttpResult Transfer::result(CURLcode code) {
  const std::string host = host_of(request_.url);
  if (late_) return too_late();
  if (too_long_) {
    return RemoteError(fmt::format("{} answers with more than {} bytes: it is not read", host,
                                   options_.max_response_bytes),
                       0, false);
  }
  if (code != CURLE_OK) {
    const char* const why = message_[0] != 0 ? message_.data() : curl_easy_strerror(code);
    return RemoteError(fmt::format("{}: {}", host, why), 0, may_pass(code));
  }
  HttpResponse response{.body = std::move(body_)};
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &response.status);
  curl_off_t wait = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &wait);
  if (wait > 0) response.retry_after_ms = static_cast<double>(wait) * 1e3;
  const char* location = nullptr;
  curl_easy_getinfo(easy_.get(), CURLINFO_REDIRECT_URL, &location);
  if (location != nullptr) response.location = location;
  return response;
}

}  // namespace tamis::remote
