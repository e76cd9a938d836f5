// model/bundle_files.hpp: which files a bundle may be read from.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace tamis {

/// A name that a manifest uses, as a path: inside the folder, nowhere else. Throws ModelError.
[[nodiscard]] std::filesystem::path inside(const std::filesystem::path& folder,
                                           const std::string& name);

/// Throws ModelError unless the manifest's `files` has the hash of every file that loading might
/// read, and every file has the hash that it says. What is only for people may be left out.
void verify_files(const std::filesystem::path& folder, const nlohmann::json& manifest);

}  // namespace tamis
