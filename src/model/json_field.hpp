// model/json_field.hpp: typed reads from JSON that strangers wrote; errors name the source and
// field.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>

#include "text/input_file.hpp"

namespace tamis {

/// The file as JSON. Throws ModelError when it is missing, unreadable or no object.
[[nodiscard]] nlohmann::json read_json_file(const std::filesystem::path& path);

[[nodiscard]] nlohmann::json parse_json_object(std::string_view text, std::string_view source);

/// What the library says, without its own name and number of the error.
[[nodiscard]] std::string reason(const nlohmann::json::exception& error);

/// The field, or `fallback` when it is absent or null. Throws ModelError for another type.
template <typename T>
[[nodiscard]] T field_or(const nlohmann::json& object, const char* name, T fallback,
                         std::string_view source) {
  return field_of<ModelError>(object, name, std::move(fallback), source);
}

/// A number of at least `least` that is there. Throws ModelError.
[[nodiscard]] std::size_t required_size(const nlohmann::json& object, const char* name,
                                        std::string_view source, std::size_t least = 1);

}  // namespace tamis
