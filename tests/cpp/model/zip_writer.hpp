// A zip of stored records, as torch.jit writes them, with every field open to damage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/safetensors_writer.hpp"

namespace test {

struct ZipRecord {
  std::string name;
  std::string contents;
  std::uint16_t method = 0;
  std::int64_t header_shift = 0;  ///< added to where the directory says that the record lies
  std::int64_t size_shift = 0;    ///< added to the size that the directory states
};

/// `zip64`: sizes and offsets in the extra fields, as in archives above 4 GB.
inline std::string zip(const std::vector<ZipRecord>& records, bool zip64 = false) {
  const auto size = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  std::string file;
  std::string directory;
  for (const ZipRecord& record : records) {
    const std::int64_t header = static_cast<std::int64_t>(file.size()) + record.header_shift;
    const std::int64_t length =
        static_cast<std::int64_t>(record.contents.size()) + record.size_shift;
    const std::string names = bytes_of(record.name.size(), 2);
    file += bytes_of(0x04034b50, 4) + bytes_of(0, 4) + bytes_of(record.method, 2) + bytes_of(0, 8) +
            bytes_of(size(length), 4) + bytes_of(size(length), 4) + names + bytes_of(0, 2) +
            record.name + record.contents;
    std::string extra;
    if (zip64) {
      extra = bytes_of(1, 2) + bytes_of(24, 2) + bytes_of(size(length), 8) +
              bytes_of(size(length), 8) + bytes_of(size(header), 8);
    }
    const std::uint64_t stated = zip64 ? 0xffffffff : size(length);
    directory += bytes_of(0x02014b50, 4) + bytes_of(0, 6) + bytes_of(record.method, 2) +
                 bytes_of(0, 8) + bytes_of(stated, 4) + bytes_of(stated, 4) + names +
                 bytes_of(extra.size(), 2) + bytes_of(0, 2) + bytes_of(0, 8) +
                 bytes_of(zip64 ? 0xffffffff : size(header), 4) + record.name + extra;
  }
  const std::size_t start = file.size();
  file += directory;
  if (zip64) {
    const std::size_t end64 = file.size();
    file += bytes_of(0x06064b50, 4) + bytes_of(44, 8) + bytes_of(0, 12) +
            bytes_of(records.size(), 8) + bytes_of(records.size(), 8) +
            bytes_of(directory.size(), 8) + bytes_of(start, 8);
    file += bytes_of(0x07064b50, 4) + bytes_of(0, 4) + bytes_of(end64, 8) + bytes_of(1, 4);
  }
  const std::uint64_t count = zip64 ? 0xffff : records.size();
  return file + bytes_of(0x06054b50, 4) + bytes_of(0, 4) + bytes_of(count, 2) + bytes_of(count, 2) +
         bytes_of(directory.size(), 4) + bytes_of(zip64 ? 0xffffffff : start, 4) + bytes_of(0, 2);
}

}  // namespace test
