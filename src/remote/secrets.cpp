// remote/secrets.cpp: what of an address is secret.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include <curl/curl.h>

#include "remote/access.hpp"

namespace tamis::remote {
namespace {

struct UrlCloser {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};

/// A part of a URL, or "".
std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* found = nullptr;
  if (curl_url_get(url, part, &found, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, decltype(&curl_free)> owned(found, &curl_free);
  return found;
}

/// RFC 4648, section 4: as basic authentication sends user and password.
std::string base64(std::string_view bytes) {
  constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view part = bytes.substr(i, 3);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8U | (k < part.size() ? static_cast<unsigned char>(part[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= part.size() ? kLetters[group >> (18U - 6U * k) & 63U] : '=';
    }
  }
  return text;
}

void add_password(const std::string& url, std::vector<std::string>& secrets) {
  const std::unique_ptr<CURLU, UrlCloser> parsed(curl_url());
  // A proxy may be named without a scheme, or with one that is no URL's elsewhere.
  constexpr unsigned kAny = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;
  if (parsed == nullptr ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), kAny) != CURLUE_OK) {
    return;
  }
  const std::string password = part_of(parsed.get(), CURLUPART_PASSWORD);
  if (password.empty()) return;
  const std::string user = part_of(parsed.get(), CURLUPART_USER, CURLU_URLDECODE);
  const std::string decoded = part_of(parsed.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  secrets.push_back(base64(user + ":" + decoded));
  secrets.push_back(decoded);
  if (decoded != password) secrets.push_back(password);
}

}  // namespace

std::vector<std::string> secrets_of(const std::string& key, const std::vector<std::string>& urls) {
  std::vector<std::string> secrets;
  if (!key.empty()) secrets.push_back(key);
  for (const std::string& url : urls) add_password(url, secrets);
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    if (const char* const proxy = std::getenv(name)) add_password(proxy, secrets);
  }
  return secrets;
}

}  // namespace tamis::remote
