// model/tensor_index.hpp: the two readers behind WeightFile.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/model/weight_file.hpp>

namespace tamis {

using TensorIndex = std::map<std::string, TensorView, std::less<>>;

/// A range of bytes of a file that a tensor claims.
struct ClaimedRange {
  std::size_t begin;
  std::size_t end;
  std::string name;
};

/// Throws ModelError when two ranges overlap. Equal ranges are one tensor with two names.
void refuse_overlaps(std::vector<ClaimedRange> ranges, const std::filesystem::path& path);

/// Throws ModelError unless shape x dtype has exactly `bytes` bytes.
void require_size(const TensorView& tensor, std::string_view name,
                  const std::filesystem::path& path);

[[nodiscard]] TensorIndex index_safetensors(std::span<const std::byte> file,
                                            const std::filesystem::path& path);

[[nodiscard]] TensorIndex index_torchscript(std::span<const std::byte> file,
                                            const std::filesystem::path& path,
                                            const std::map<std::string, TensorRecord>& records);

}  // namespace tamis
