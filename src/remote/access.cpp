// remote/access.cpp
#include "remote/access.hpp"

#include <algorithm>
#include <cstdlib>

#include <tamis/error.hpp>

#include "remote/url.hpp"

namespace tamis::remote {

std::string key_of(const std::optional<std::string>& given, std::string_view variable) {
  const char* const found = std::getenv(std::string(variable).c_str());
  std::string key = given ? *given : std::string(found == nullptr ? "" : found);
  const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7F; };
  if (std::any_of(key.begin(), key.end(), control)) {
    raise<InvalidArgument>(
        "the API key ({}) holds a line break or another control character: strip it", variable);
  }
  return key;
}

std::string joined_url(std::string base_url, std::string_view path) {
  if (!base_url.starts_with("https://") && !base_url.starts_with("http://")) {
    raise<InvalidArgument>("base_url ('{}') must begin with https:// or http://",
                           host_of(base_url));
  }
  const auto url = Url::parsed(base_url);
  if (!url) {
    raise<InvalidArgument>(
        "base_url names '{}', which is no host: a name or address, and a port if any",
        host_of(base_url));
  }
  if (!url->part(CURLUPART_QUERY).empty() || !url->part(CURLUPART_FRAGMENT).empty()) {
    raise<InvalidArgument>("base_url (of {}) has a ? or # in it: '{}' is put behind it",
                           host_of(base_url), path);
  }
  while (base_url.ends_with('/')) base_url.pop_back();
  return base_url + std::string(path);
}

std::string host_of(const std::string& url) {
  std::string_view rest = url;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) {
    rest.remove_prefix(scheme + 3);
  }
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const std::size_t user = rest.rfind('@'); user != std::string_view::npos) {
    rest.remove_prefix(user + 1);
  }
  return std::string(rest);
}

std::string without_user(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t end = url.find_first_of("/?#", scheme + 3);
  return url.substr(0, scheme + 3) + host_of(url) +
         (end == std::string::npos ? "" : url.substr(end));
}

std::string bearer(const std::string& key) { return "Authorization: Bearer " + key; }

}  // namespace tamis::remote
