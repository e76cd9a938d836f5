// model/mapped_file.hpp: a file's bytes, mapped read-only and shared between processes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

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

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace tamis
