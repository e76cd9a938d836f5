// model/safetensors.cpp: 8 bytes of header length, a JSON header, then raw tensors.
#include <cstring>
#include <set>
#include <string_view>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>

#include "model/json_field.hpp"
#include "model/tensor_index.hpp"

namespace tamis {
namespace {

// The limit of the reference implementation.
constexpr std::uint64_t kMaxHeader = 100'000'000;

// What a clone without Git LFS has in place of a large file.
constexpr std::string_view kLfsPointer = "version https://git-lfs";

bool is_lfs_pointer(std::span<const std::byte> file) {
  return file.size() >= kLfsPointer.size() &&
         std::memcmp(file.data(), kLfsPointer.data(), kLfsPointer.size()) == 0;
}

std::uint64_t header_length(std::span<const std::byte> file, const std::filesystem::path& path) {
  if (is_lfs_pointer(file)) {
    raise<ModelError>(
        "{} is not the weights but a pointer of Git LFS to them; run `git lfs pull` in its folder",
        path.string());
  }
  if (file.size() < 8) raise<ModelError>("{} is too short for safetensors", path.string());
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), 8);
  if (length > kMaxHeader || length > file.size() - 8) {
    raise<ModelError>(
        "{}: its header claims {} bytes, the file has {}; it is truncated or no "
        "safetensors file",
        path.string(), length, file.size());
  }
  return length;
}

nlohmann::json parse_header(std::string_view text, const std::filesystem::path& path) {
  refuse_deep_json<ModelError>(text, path.string());
  std::set<std::string> names;
  std::string twice;
  const auto note_name = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& key) {
    const bool name = depth == 1 && event == nlohmann::json::parse_event_t::key;
    if (name && !names.insert(key.get<std::string>()).second) twice = key.get<std::string>();
    return true;
  };
  auto header = nlohmann::json::parse(text, note_name, /*allow_exceptions=*/false);
  if (!twice.empty()) raise<ModelError>("{}: tensor '{}' is there twice", path.string(), twice);
  if (!header.is_object()) raise<ModelError>("{}: its header is no JSON object", path.string());
  return header;
}

std::pair<std::uint64_t, std::uint64_t> offsets_of(const nlohmann::json& entry) {
  const auto& offsets = entry.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    raise<ModelError>("data_offsets are not two numbers");
  }
  return {offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()};
}

std::vector<std::int64_t> shape_of(const nlohmann::json& entry) {
  std::vector<std::int64_t> shape;
  for (const auto& side : entry.at("shape")) {
    if (!side.is_number_integer()) raise<ModelError>("its shape holds no integer");
    shape.push_back(side.get<std::int64_t>());
  }
  return shape;
}

}  // namespace

TensorIndex index_safetensors(std::span<const std::byte> file, const std::filesystem::path& path) {
  const std::uint64_t length = header_length(file, path);
  const auto header = parse_header({reinterpret_cast<const char*>(file.data()) + 8, length}, path);
  const std::span<const std::byte> data = file.subspan(8 + length);
  TensorIndex index;
  std::vector<ClaimedRange> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    try {
      const auto [begin, end] = offsets_of(entry);
      if (begin > end || end > data.size()) {
        raise<ModelError>("its bytes {}..{} lie outside the {} bytes of data", begin, end,
                          data.size());
      }
      TensorView tensor{dtype_from_name(entry.at("dtype").get<std::string>()), shape_of(entry),
                        data.subspan(begin, end - begin)};
      require_size(tensor, name, path);
      ranges.push_back({begin, end, name});
      index.emplace(name, std::move(tensor));
    } catch (const nlohmann::json::exception& error) {
      raise<ModelError>("{}: tensor '{}': {}", path.string(), name, reason(error));
    } catch (const ModelError& error) {
      raise<ModelError>("{}: tensor '{}': {}", path.string(), name, error.what());
    }
  }
  refuse_overlaps(std::move(ranges), path);
  return index;
}

}  // namespace tamis
