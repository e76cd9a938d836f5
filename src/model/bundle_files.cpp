// model/bundle_files.cpp
#include "model/bundle_files.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include <tamis/error.hpp>

#include "model/json_field.hpp"
#include "model/sha256.hpp"

namespace tamis {
namespace {

namespace fs = std::filesystem;

/// Whether something here reads files that are named so: a new reader's file is not forgotten.
bool may_be_read(const fs::path& file) {
  constexpr std::array<std::string_view, 5> kEndings{".json", ".txt", ".model", ".pt",
                                                     ".safetensors"};
  if (file.filename() == "artifact.metadata") return true;  // Stanford's ColBERT
  return std::find(kEndings.begin(), kEndings.end(), file.extension().string()) != kEndings.end();
}

/// Those of them in the folder and in the folders inside it, relative to it.
std::set<std::string> files_to_verify(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code error;
  fs::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != fs::end(entry); entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_symlink(ignored) && entry->is_directory(ignored)) {
      raise<ModelError>("{} is a link to a folder; a bundle's files lie in folders of its own",
                        entry->path().string());
    }
    const fs::path name = entry->path().lexically_relative(folder);
    if (may_be_read(name) && name != "tamis.json" && !entry->is_directory(ignored)) {
      names.insert(name.generic_string());
    }
  }
  if (error) raise<ModelError>("cannot list {}: {}", folder.string(), error.message());
  return names;
}

}  // namespace

fs::path inside(const fs::path& folder, const std::string& name) {
  const fs::path relative = fs::path(name).lexically_normal();
  if (relative.is_absolute() || (!relative.empty() && *relative.begin() == "..")) {
    raise<ModelError>("{}: '{}' points outside the bundle", (folder / "tamis.json").string(), name);
  }
  return folder / relative;
}

void verify_files(const fs::path& folder, const nlohmann::json& manifest) {
  const std::string source = (folder / "tamis.json").string();
  const auto files = field_or<std::map<std::string, std::string>>(manifest, "files", {}, source);
  std::set<std::string> unlisted = files_to_verify(folder);
  for (const auto& [name, expected] : files) {
    const fs::path file = inside(folder, name);
    if (!is_there<ModelError>(file)) raise<ModelError>("{}: file '{}' is missing", source, name);
    const std::string found = sha256_of(file);
    if (found != expected) {
      raise<ModelError>(
          "{} has sha256 {}, the manifest says {}: it was changed or damaged; export "
          "the bundle again",
          file.string(), found, expected);
    }
    unlisted.erase(fs::path(name).lexically_normal().generic_string());
  }
  if (unlisted.empty()) return;
  raise<ModelError>(
      "{}: its 'files' has no hash of '{}', which would be read unverified; export the bundle "
      "again, or remove the file if the bundle does not need it",
      source, *unlisted.begin());
}

}  // namespace tamis
