// remote/access.hpp: where a service is, and the key that it wants.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::remote {

/// `given`, or the variable's value in the environment, or "". Throws InvalidArgument for a key
/// with a control character.
[[nodiscard]] std::string key_of(const std::optional<std::string>& given,
                                 std::string_view variable);

/// Throws InvalidArgument for a base URL that is none.
[[nodiscard]] std::string joined_url(std::string base_url, std::string_view path);

/// Host and port of a URL, for messages: no path, no user.
[[nodiscard]] std::string host_of(const std::string& url);

/// The URL without user and password, for names.
[[nodiscard]] std::string without_user(const std::string& url);

/// What no message may hold: the key, and the passwords of URLs that have one, the environment's
/// proxies too: as they stand there, decoded, in the header that carries them, and escaped as in
/// URLs, HTML and JSON.
[[nodiscard]] std::vector<std::string> secrets_of(const std::string& key,
                                                  const std::vector<std::string>& urls);

/// A service may quote what it was sent. Escapes of plain characters (\u00XX) are read, and zeros
/// left out: a secret could hide behind them.
[[nodiscard]] std::string without_secrets(std::string text, std::span<const std::string> secrets);

/// The header that carries the key.
[[nodiscard]] std::string bearer(const std::string& key);

}  // namespace tamis::remote
