// remote/secrets.cpp: what of an address is secret.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "remote/access.hpp"
#include "remote/url.hpp"

namespace tamis::remote {
namespace {

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
  // A proxy may be named without a scheme, or with one that is no URL's elsewhere.
  const auto parsed = Url::parsed(url, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME);
  const std::string password = parsed ? parsed->part(CURLUPART_PASSWORD) : "";
  if (password.empty()) return;
  const std::string user = parsed->part(CURLUPART_USER, CURLU_URLDECODE);
  const std::string decoded = parsed->part(CURLUPART_PASSWORD, CURLU_URLDECODE);
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
