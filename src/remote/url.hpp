// remote/url.hpp: libcurl's reading of an address.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

namespace tamis::remote {

class Url {
 public:
  /// Nothing when `text` is no URL. `flags`: CURLU_... of libcurl.
  [[nodiscard]] static std::optional<Url> parsed(const std::string& text, unsigned flags = 0) {
    Url url;
    if (url.handle_ == nullptr ||
        curl_url_set(url.handle_.get(), CURLUPART_URL, text.c_str(), flags) != CURLUE_OK) {
      return std::nullopt;
    }
    return url;
  }

  /// "" when it has none.
  [[nodiscard]] std::string part(CURLUPart part, unsigned flags = 0) const {
    char* found = nullptr;
    if (curl_url_get(handle_.get(), part, &found, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owned(found, &curl_free);
    return found;
  }

 private:
  struct Closer {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  };

  Url() : handle_(curl_url()) {}

  std::unique_ptr<CURLU, Closer> handle_;
};

}  // namespace tamis::remote
