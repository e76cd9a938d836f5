// remote/access.hpp: where a service is, and the key that it wants.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tamis::remote {

/// `given`, or the variable's value in the environment, or "". Throws InvalidArgument for a key
/// with a line break.
[[nodiscard]] std::string key_of(const std::optional<std::string>& given,
                                 std::string_view variable);

/// Throws InvalidArgument for a base URL that is none.
[[nodiscard]] std::string joined_url(std::string base_url, std::string_view path);

/// Host and port of a URL, for messages: no path, no user.
[[nodiscard]] std::string host_of(const std::string& url);

/// A service may quote what it was sent.
[[nodiscard]] std::string without_key(std::string text, const std::string& key);

/// The header that carries the key.
[[nodiscard]] std::string bearer(const std::string& key);

}  // namespace tamis::remote
