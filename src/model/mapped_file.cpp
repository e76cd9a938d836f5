// model/mapped_file.cpp
#include "model/mapped_file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tamis/error.hpp>

namespace tamis {

MappedFile::MappedFile(const std::filesystem::path& path) {
  // O_NONBLOCK: a pipe, which is refused below, would wait for who writes it.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) raise<ModelError>("cannot open {}: {}", path.string(), std::strerror(errno));
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(file);
    raise<ModelError>("{} is no regular file", path.string());
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size == 0) {
    ::close(file);
    raise<ModelError>("{} is empty", path.string());
  }
  void* const address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  const int reason = errno;
  ::close(file);  // the mapping outlives the descriptor
  if (address == MAP_FAILED) {
    raise<ModelError>("cannot map {}: {}", path.string(), std::strerror(reason));
  }
  bytes_ = {static_cast<const std::byte*>(address), size};
  identity_ = fmt::format("{} {}:{} {} {}.{:09}", path.string(), status.st_dev, status.st_ino, size,
                          status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : bytes_(std::exchange(other.bytes_, std::span<const std::byte>{})),
      identity_(std::move(other.identity_)) {}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::forget(std::span<const std::byte> part) noexcept {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const std::size_t before = reinterpret_cast<std::uintptr_t>(part.data()) % page;
  const std::size_t skipped = before == 0 ? 0 : page - before;
  if (part.size() < skipped + page) return;
  auto* const first = const_cast<std::byte*>(part.data()) + skipped;
  // Advice only: where it is refused the pages stay.
  (void)::madvise(first, (part.size() - skipped) / page * page, MADV_DONTNEED);
}

}  // namespace tamis
