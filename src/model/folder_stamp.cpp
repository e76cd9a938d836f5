// model/folder_stamp.cpp
#include "model/folder_stamp.hpp"

#include <set>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

namespace tamis {

std::string folder_stamp(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::canonical(folder, error);
  if (error) return folder.string();
  std::set<std::string> files;
  std::filesystem::recursive_directory_iterator entry(path, error);
  for (; !error && entry != std::filesystem::end(entry); entry.increment(error)) {
    if (entry.depth() == 1) entry.disable_recursion_pending();  // no model's file lies deeper
    struct stat status {};
    if (::stat(entry->path().c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    files.insert(fmt::format("{} {} {} {} {}.{:09}", entry->path().string(), status.st_dev,
                             status.st_ino, status.st_size, status.st_mtim.tv_sec,
                             status.st_mtim.tv_nsec));
  }
  std::string stamp = path.string();
  for (const std::string& file : files) stamp += '\n' + file;
  return stamp;
}

}  // namespace tamis
