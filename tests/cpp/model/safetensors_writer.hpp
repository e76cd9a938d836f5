// Writes safetensors and stored zip files for tests, right or wrong as the test wants.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace test {

inline std::string bytes_of(std::uint64_t value, std::size_t size) {
  std::string bytes(size, '\0');
  std::memcpy(bytes.data(), &value, std::min(size, sizeof(value)));
  return bytes;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// A header as it is given, then the data.
inline std::string safetensors(const std::string& header, const std::string& data) {
  return bytes_of(header.size(), 8) + header + data;
}

class SafetensorsWriter {
 public:
  void add(const std::string& name, const std::string& dtype, const std::vector<std::size_t>& shape,
           const std::string& bytes) {
    header_[name] = {{"dtype", dtype},
                     {"shape", shape},
                     {"data_offsets", {data_.size(), data_.size() + bytes.size()}}};
    data_ += bytes;
  }
  void add(const std::string& name, const std::vector<std::size_t>& shape,
           const std::vector<float>& values) {
    add(name, "F32", shape, bytes_of(values));
  }
  [[nodiscard]] std::string str() const { return safetensors(header_.dump(), data_); }

 private:
  nlohmann::json header_ = nlohmann::json::object();
  std::string data_;
};

}  // namespace test
