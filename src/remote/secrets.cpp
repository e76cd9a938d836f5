// remote/secrets.cpp: what no message may hold, and messages without it.
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

/// RFC 3986: everything but its unreserved characters by number.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    constexpr std::string_view kSpecial = "&<>\"'";
    constexpr std::array<const char*, 5> kNames{"&amp;", "&lt;", "&gt;", "&quot;", "&#x27;"};
    const std::size_t at = kSpecial.find(c);
    out += at == std::string_view::npos ? std::string(1, c) : std::string(kNames[at]);
  }
  return out;
}

std::string json_escaped(std::string_view text) {
  const std::string quoted =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

/// As it stands, and as services write it when they quote.
void add(const std::string& secret, std::vector<std::string>& secrets) {
  if (secret.empty()) return;
  for (std::string& form :
       std::array{percent_encoded(secret), html_escaped(secret), json_escaped(secret), secret}) {
    const bool known = std::find(secrets.begin(), secrets.end(), form) != secrets.end();
    if (!known) secrets.push_back(std::move(form));
  }
}

/// The printable character of "\\u00XX" at the front; 0: there is none.
char escaped_character(std::string_view text) {
  constexpr std::size_t kLength = 6;
  if (text.size() < kLength || !text.starts_with("\\u00")) return 0;
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data() + 4, text.data() + kLength, code, 16);
  if (error != std::errc() || end != text.data() + kLength) return 0;
  return code >= ' ' && code < 0x7f ? static_cast<char>(code) : '\0';
}

/// What a secret could hide behind, read: escapes of plain characters, and zeros between them.
std::string unhidden(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0') continue;
    const char c = escaped_character(std::string_view(text).substr(i));
    if (c == 0) {
      out += text[i];
      continue;
    }
    while (out.ends_with('\\')) out.pop_back();  // of an escape that was escaped again
    out += c;
    i += 5;
  }
  return out;
}

std::string replaced(std::string text, const std::string& secret) {
  constexpr std::string_view kMask = "***";
  std::size_t at = text.find(secret);
  if (at == std::string::npos) return text;
  std::string masked;
  std::size_t from = 0;
  for (; at != std::string::npos; at = text.find(secret, from)) {
    masked.append(text, from, at - from).append(kMask);
    from = at + secret.size();
  }
  return masked.append(text, from);
}

void add_password(const std::string& url, std::vector<std::string>& secrets) {
  // A proxy may be named without a scheme, or with one that is no URL's elsewhere.
  const auto parsed = Url::parsed(url, CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME);
  const std::string password = parsed ? parsed->part(CURLUPART_PASSWORD) : "";
  if (password.empty()) return;
  const std::string user = parsed->part(CURLUPART_USER, CURLU_URLDECODE);
  const std::string decoded = parsed->part(CURLUPART_PASSWORD, CURLU_URLDECODE);
  add(base64(user + ":" + decoded), secrets);
  add(decoded, secrets);
  add(password, secrets);
}

}  // namespace

std::vector<std::string> secrets_of(const std::string& key, const std::vector<std::string>& urls) {
  std::vector<std::string> secrets;
  add(key, secrets);
  for (const std::string& url : urls) add_password(url, secrets);
  for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}) {
    if (const char* const proxy = std::getenv(name)) add_password(proxy, secrets);
  }
  return secrets;
}

std::string without_secrets(std::string text, std::span<const std::string> secrets) {
  if (secrets.empty()) return text;
  text = unhidden(text);
  for (const std::string& secret : secrets) text = replaced(std::move(text), secret);
  return text;
}

}  // namespace tamis::remote
