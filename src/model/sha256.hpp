// model/sha256.hpp: the hash that a bundle's manifest states for each file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace tamis {

/// 64 lower-case hexadecimal digits (FIPS 180-4).
[[nodiscard]] std::string sha256(std::span<const std::byte> bytes);

/// Of a file's contents; throws ModelError when it cannot be read. An empty file has a hash too.
[[nodiscard]] std::string sha256_of(const std::filesystem::path& path);

}  // namespace tamis
