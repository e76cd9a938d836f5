// late_interaction/passage_file.cpp: passages on disk: a header, a table, and all rows.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <fstream>
#include <numeric>
#include <random>
#include <system_error>

#include <tamis/error.hpp>

#include "late_interaction/passage_contents.hpp"
#include "late_interaction/token_rows.hpp"
#include "model/mapped_file.hpp"
#include "model/sha256.hpp"

namespace tamis {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

constexpr std::array<char, 8> kMagic{'t', 'a', 'm', 'i', 's', 'L', 'I', '\n'};
constexpr std::uint32_t kVersion = 1;
using Hash = std::array<char, 64>;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t width = 0;
  std::uint64_t passages = 0;
  std::uint64_t rows = 0;
  Hash model{};  ///< fingerprint
  Hash table{};  ///< sha256 of the table
  Hash data{};   ///< sha256 of all rows
};

/// Of one passage.
struct Entry {
  std::uint32_t rows;
  std::uint32_t tokens_cut;
};

Hash hash_of(std::string_view text) {
  Hash hash{};
  std::copy_n(text.begin(), std::min(text.size(), hash.size()), hash.begin());
  return hash;
}

/// The parts of a mapped file whose size fits its header.
struct Parts {
  Header header;
  std::span<const std::byte> table;
  std::span<const std::byte> data;
};

Parts parts_of(const MappedFile& file, const fs::path& path) {
  const auto bytes = file.bytes();
  Parts parts;
  if (bytes.size() >= sizeof(Header)) std::memcpy(&parts.header, bytes.data(), sizeof(Header));
  if (bytes.size() < sizeof(Header) || parts.header.magic != kMagic) {
    raise<ModelError>("{} is no file of passages; encode them and save them", path.string());
  }
  const Header& header = parts.header;
  if (header.version != kVersion) {
    raise<ModelError>("{} has format {}, this version of tamis reads {}; encode the passages again",
                      path.string(), header.version, kVersion);
  }
  const std::size_t room = bytes.size() - sizeof(Header);
  const std::size_t row = row_bytes(header.width);
  const bool fits = header.width != 0 && header.passages <= room / sizeof(Entry) &&
                    header.rows <= room / row &&
                    header.passages * sizeof(Entry) + header.rows * row == room;
  if (!fits) {
    raise<ModelError>(
        "{} has {} bytes, which is not what its header states ({} passages, {} rows of {}); it was "
        "cut or damaged, encode the passages again",
        path.string(), bytes.size(), header.passages, header.rows, row);
  }
  parts.table = bytes.subspan(sizeof(Header), header.passages * sizeof(Entry));
  parts.data = bytes.subspan(sizeof(Header) + parts.table.size());
  return parts;
}

std::vector<Entry> entries_of(const Parts& parts) {
  std::vector<Entry> entries(parts.header.passages);
  if (!entries.empty()) std::memcpy(entries.data(), parts.table.data(), parts.table.size());
  return entries;
}

void verify_hashes(const Parts& parts, const fs::path& path, bool all) {
  if (hash_of(sha256(parts.table)) == parts.header.table &&
      (!all || hash_of(sha256(parts.data)) == parts.header.data)) {
    return;
  }
  raise<ModelError>(
      "{} has not the sha256 that its header states; it was changed or damaged, "
      "encode the passages again",
      path.string());
}

template <typename T>
void write(std::ostream& out, const T* from, std::size_t count) {
  out.write(reinterpret_cast<const char*>(from), static_cast<std::streamsize>(count * sizeof(T)));
}

/// All but the hashes, which need what is written.
void write_body(std::ostream& out, const Header& header, const Passages::Contents& contents) {
  write(out, &header, 1);
  for (const EncodedPassage& passage : contents.passages) {
    const Entry entry{passage.count, passage.tokens_cut};
    write(out, &entry, 1);
  }
  for (const EncodedPassage& passage : contents.passages) {
    write(out, passage.rows.get(), passage.count * row_bytes(contents.width));
  }
}

Header header_of(const Passages::Contents& contents) {
  Header header;
  header.width = static_cast<std::uint32_t>(contents.width);
  header.passages = contents.passages.size();
  for (const EncodedPassage& passage : contents.passages) header.rows += passage.count;
  header.model = hash_of(contents.model);
  return header;
}

/// A file beside `path` that is gone again unless it took that name.
class Draft {
 public:
  explicit Draft(const fs::path& path)
      : path_(path.string() + "." + std::to_string(std::random_device{}()) + ".part") {}
  ~Draft() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

[[noreturn]] void cannot_write(const fs::path& path) {
  raise<Error>("{} cannot be written; is the folder there, writable and not full?", path.string());
}

}  // namespace

void Passages::save(const fs::path& path) const {
  const Draft draft(path);
  Header header = header_of(*contents_);
  std::fstream out(draft.path(), std::ios::binary | std::ios::out | std::ios::trunc);
  write_body(out, header, *contents_);
  if (!out.flush()) cannot_write(path);
  {
    const MappedFile written(draft.path());
    const auto body = written.bytes().subspan(sizeof(Header));
    const std::size_t table = header.passages * sizeof(Entry);
    header.table = hash_of(sha256(body.first(table)));
    header.data = hash_of(sha256(body.subspan(table)));
  }
  out.seekp(0);
  write(out, &header, 1);
  out.close();
  std::error_code error;
  if (out) fs::rename(draft.path(), path, error);
  if (!out || error) cannot_write(path);
}

Passages open_passage_file(const fs::path& path, bool verify) {
  const auto file = std::make_shared<const MappedFile>(path);
  const Parts parts = parts_of(*file, path);
  verify_hashes(parts, path, verify);
  auto contents = std::make_shared<Passages::Contents>();
  contents->width = parts.header.width;
  contents->model = std::string(parts.header.model.begin(), parts.header.model.end());
  std::uint64_t row = 0;
  for (const Entry& entry : entries_of(parts)) {
    if (entry.rows < 2 || entry.rows > parts.header.rows - row) {
      raise<ModelError>("{}: the rows of passage {} are outside the file", path.string(),
                        contents->passages.size());
    }
    const std::byte* const at = parts.data.data() + row * row_bytes(contents->width);
    contents->passages.push_back({{file, at}, entry.rows, entry.tokens_cut});
    row += entry.rows;
  }
  return Passages(std::move(contents));
}

}  // namespace tamis
