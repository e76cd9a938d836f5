// text/input_file.hpp: files that strangers wrote, and the JSON in them. `Failure` is the error of
// who reads: TokenizerError or ModelError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>

namespace tamis {

/// Whether there is such a file or folder; links are followed. Throws where nobody can tell, as for
/// a link that leads to itself.
template <typename Failure>
[[nodiscard]] bool is_there(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return false;
  if (error) raise<Failure>("cannot open {}: {}", path.string(), error.message());
  return true;
}

/// The whole file. Throws when it is missing, empty, unreadable or no file.
template <typename Failure>
[[nodiscard]] std::string read_file(const std::filesystem::path& path) {
  if (!is_there<Failure>(path))
    raise<Failure>("cannot read {}: there is no such file", path.string());
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    raise<Failure>("cannot read {}: it is no regular file", path.string());
  }
  if (std::filesystem::file_size(path, ignored) == 0) {
    raise<Failure>("{} is empty; fetch it again", path.string());
  }
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf())) raise<Failure>("cannot read {}", path.string());
  return std::move(text).str();
}

/// No file of a model comes near. Copies and dumps of JSON recurse: a hundred thousand brackets
/// would end the process.
inline constexpr std::size_t kDeepestJson = 100;

/// How many brackets of the text are open at once, at most.
[[nodiscard]] std::size_t json_depth(std::string_view text) noexcept;

/// Throws when the text nests too deep. Whether it is JSON at all is for the parser to say.
template <typename Failure>
void refuse_deep_json(std::string_view text, std::string_view source) {
  if (json_depth(text) <= kDeepestJson) return;
  raise<Failure>("{} nests deeper than {} levels, as no model's file does; fetch it again", source,
                 kDeepestJson);
}

/// The text with Python's literals, which are no JSON, in forms that are: NaN as the string "NaN",
/// which no number's field takes, and Infinity as the largest double.
[[nodiscard]] std::string with_json_numbers(std::string_view text);

/// Discarded (`is_discarded()`) where the text is no JSON. Throws when it nests too deep.
template <typename Failure>
[[nodiscard]] nlohmann::json parse_json(std::string_view text, std::string_view source) {
  refuse_deep_json<Failure>(text, source);
  auto found = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!found.is_discarded()) return found;
  return nlohmann::json::parse(with_json_numbers(text), nullptr, /*allow_exceptions=*/false);
}

/// Throws when the text is no JSON object.
template <typename Failure>
[[nodiscard]] nlohmann::json parse_object(std::string_view text, std::string_view source) {
  auto object = parse_json<Failure>(text, source);
  if (!object.is_object()) {
    raise<Failure>("{} is no JSON object; it may be truncated, fetch it again", source);
  }
  return object;
}

/// The value as a T, or nothing where it is no T: no number is rounded or wrapped around to be one.
template <typename T>
[[nodiscard]] std::optional<T> json_as(const nlohmann::json& value) {
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if (!value.is_number_integer()) return std::nullopt;
    const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<std::uint64_t>())
                                                 : std::in_range<T>(value.get<std::int64_t>());
    return fits ? std::optional<T>(value.get<T>()) : std::nullopt;
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number() ? std::optional<T>(value.get<T>()) : std::nullopt;
  } else {
    try {
      return value.get<T>();
    } catch (const nlohmann::json::exception&) {
      return std::nullopt;
    }
  }
}

/// The value in a message: its beginning.
[[nodiscard]] std::string shown(const nlohmann::json& value);

/// The field, or `fallback` when it is absent or null. Throws for another type.
template <typename Failure, typename T>
[[nodiscard]] T field_of(const nlohmann::json& object, const char* name, T fallback,
                         std::string_view source) {
  const auto found = object.find(name);
  if (found == object.end() || found->is_null()) return fallback;
  if (auto value = json_as<T>(*found)) return std::move(*value);
  raise<Failure>("{}: field '{}' is {}, which is of the wrong type", source, name, shown(*found));
}

}  // namespace tamis
