// model/torchscript_archive.cpp: a TorchScript archive is a zip that stores tensors raw and
// aligned.
#include <cstring>
#include <unordered_map>

#include <tamis/error.hpp>

#include "model/tensor_index.hpp"

namespace tamis {
namespace {

// Field offsets are those of APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3.
constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;

struct Entry {
  std::uint64_t size;
  std::uint64_t header;
};

class Zip {
 public:
  Zip(std::span<const std::byte> file, const std::filesystem::path& path)
      : file_(file), path_(path) {
    read_directory();
  }

  /// The bytes of a record.
  [[nodiscard]] std::span<const std::byte> operator[](const std::string& name) const {
    const auto entry = entries_.find(name);
    if (entry == entries_.end()) broken("has no record '" + name + "'");
    const std::uint64_t at = entry->second.header;
    if (read<std::uint32_t>(at) != kLocalHeader) broken("has no header at record '" + name + "'");
    const std::uint64_t data =
        at + 30 + read<std::uint16_t>(at + 26) + read<std::uint16_t>(at + 28);
    if (data > file_.size() || entry->second.size > file_.size() - data) {
      broken("ends inside record '" + name + "'");
    }
    return file_.subspan(data, entry->second.size);
  }

 private:
  [[noreturn]] void broken(const std::string& what) const {
    raise<ModelError>("{} {}; it is truncated or no TorchScript archive", path_.string(), what);
  }

  template <typename T>
  [[nodiscard]] T read(std::uint64_t at) const {
    if (at > file_.size() || sizeof(T) > file_.size() - at) broken("ends inside a zip header");
    T value{};
    std::memcpy(&value, file_.data() + at, sizeof(T));
    return value;
  }

  [[nodiscard]] std::uint64_t find_end() const {
    if (file_.size() < 22) broken("is too short");
    const std::uint64_t last = file_.size() - 22;
    const std::uint64_t first = last > 0xffff ? last - 0xffff : 0;
    for (std::uint64_t at = last + 1; at-- > first;) {
      if (read<std::uint32_t>(at) == kEnd) return at;
    }
    broken("has no zip directory");
  }

  void read_directory() {
    const std::uint64_t end = find_end();
    std::uint64_t count = read<std::uint16_t>(end + 10);
    std::uint64_t at = read<std::uint32_t>(end + 16);
    if (end >= 20 && read<std::uint32_t>(end - 20) == kEnd64Locator) {
      const auto end64 = read<std::uint64_t>(end - 12);
      if (read<std::uint32_t>(end64) != kEnd64) broken("has a broken zip64 directory");
      count = read<std::uint64_t>(end64 + 32);
      at = read<std::uint64_t>(end64 + 48);
    }
    for (std::uint64_t i = 0; i < count; ++i) at = read_entry(at);
  }

  /// Returns where the next entry begins.
  std::uint64_t read_entry(std::uint64_t at) {
    if (read<std::uint32_t>(at) != kCentralHeader) broken("has a broken zip directory");
    const auto method = read<std::uint16_t>(at + 10);
    const auto name_size = read<std::uint16_t>(at + 28);
    const auto extra_size = read<std::uint16_t>(at + 30);
    const auto comment_size = read<std::uint16_t>(at + 32);
    const std::uint64_t name_at = at + 46;
    if (name_at > file_.size() || name_size > file_.size() - name_at) broken("ends inside a name");
    const std::string name(reinterpret_cast<const char*>(file_.data()) + name_at, name_size);
    Entry entry{read<std::uint32_t>(at + 24), read<std::uint32_t>(at + 42)};
    const std::uint64_t stored = read<std::uint32_t>(at + 20);
    read_zip64(name_at + name_size, extra_size, stored, entry);
    // Compressed records (the code) are no tensors; they are left out.
    if (method == 0 && !entries_.emplace(name, entry).second) {
      broken("has record '" + name + "' twice");
    }
    return name_at + name_size + extra_size + comment_size;
  }

  void read_zip64(std::uint64_t at, std::uint64_t size, std::uint64_t stored, Entry& entry) const {
    const std::uint64_t end = at + size;
    while (at + 4 <= end) {
      const auto tag = read<std::uint16_t>(at);
      const auto length = read<std::uint16_t>(at + 2);
      std::uint64_t field = at + 4;
      if (tag == 1) {
        if (entry.size == 0xffffffff)
          entry.size = read<std::uint64_t>(std::exchange(field, field + 8));
        if (stored == 0xffffffff) field += 8;
        if (entry.header == 0xffffffff) entry.header = read<std::uint64_t>(field);
      }
      at += 4 + length;
    }
  }

  std::span<const std::byte> file_;
  const std::filesystem::path& path_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace

TensorIndex index_torchscript(std::span<const std::byte> file, const std::filesystem::path& path,
                              const std::map<std::string, TensorRecord>& records) {
  const Zip zip(file, path);
  TensorIndex index;
  std::vector<ClaimedRange> ranges;
  for (const auto& [name, record] : records) {
    TensorView tensor{record.dtype, record.shape, zip[record.record]};
    require_size(tensor, name, path);
    const auto begin = static_cast<std::size_t>(tensor.bytes.data() - file.data());
    ranges.push_back({begin, begin + tensor.bytes.size(), name});
    index.emplace(name, std::move(tensor));
  }
  refuse_overlaps(std::move(ranges), path);
  return index;
}

}  // namespace tamis
