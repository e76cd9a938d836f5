// model/mapped_file.hpp: a file's bytes, mapped read-only and shared between processes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace tamis {

class MappedFile {
 public:
  /// Throws ModelError when the file cannot be opened or mapped.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// Path, device, inode, size and time of last change, as text.
  [[nodiscard]] const std::string& identity() const { return identity_; }
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

  /// Lets the memory of the whole pages inside `part` go; they are read again when touched.
  static void forget(std::span<const std::byte> part) noexcept;

 private:
  std::span<const std::byte> bytes_;
  std::string identity_;
};

}  // namespace tamis
