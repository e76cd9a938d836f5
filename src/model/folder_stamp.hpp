// model/folder_stamp.hpp: names a folder and the state its files are in.
#pragma once

#include <filesystem>
#include <string>

namespace tamis {

/// Another text as soon as a file of the folder, or of one inside it, is added, removed, replaced
/// or written to. Links to files are followed, since the hub's cache is made of them. The folder's
/// own path where it cannot be listed: loading it then says why.
[[nodiscard]] std::string folder_stamp(const std::filesystem::path& folder);

}  // namespace tamis
