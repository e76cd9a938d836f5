// model/tensor_index.cpp: checks that both containers share.
#include "model/tensor_index.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <tamis/error.hpp>

namespace tamis {
namespace {

struct DTypeRow {
  DType dtype;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<DTypeRow, 10> kTypes{{{DType::f64, "F64", 8},
                                           {DType::f32, "F32", 4},
                                           {DType::f16, "F16", 2},
                                           {DType::bf16, "BF16", 2},
                                           {DType::i64, "I64", 8},
                                           {DType::i32, "I32", 4},
                                           {DType::i16, "I16", 2},
                                           {DType::i8, "I8", 1},
                                           {DType::u8, "U8", 1},
                                           {DType::boolean, "BOOL", 1}}};

const DTypeRow& row_of(DType dtype) noexcept {
  return *std::find_if(kTypes.begin(), kTypes.end(),
                       [dtype](const DTypeRow& row) { return row.dtype == dtype; });
}

}  // namespace

std::size_t size_of(DType dtype) noexcept { return row_of(dtype).size; }
std::string_view name_of(DType dtype) noexcept { return row_of(dtype).name; }

DType dtype_from_name(std::string_view name) {
  for (const DTypeRow& row : kTypes) {
    if (row.name == name) return row.dtype;
  }
  raise<ModelError>("unknown tensor type '{}'", name);
}

void refuse_overlaps(std::vector<ClaimedRange> ranges, const std::filesystem::path& path) {
  std::sort(ranges.begin(), ranges.end(), [](const ClaimedRange& left, const ClaimedRange& right) {
    return std::pair(left.begin, left.end) < std::pair(right.begin, right.end);
  });
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const ClaimedRange& before = ranges[i - 1];
    const ClaimedRange& after = ranges[i];
    const bool same = before.begin == after.begin && before.end == after.end;
    if (!same && after.begin < before.end) {
      raise<ModelError>("{}: tensors '{}' and '{}' overlap; the file is broken", path.string(),
                        before.name, after.name);
    }
  }
}

void require_size(const TensorView& tensor, std::string_view name,
                  const std::filesystem::path& path) {
  std::size_t bytes = size_of(tensor.dtype);
  for (const std::int64_t side : tensor.shape) {
    const auto wide = static_cast<std::size_t>(side);
    if (side < 0 || (wide != 0 && bytes > std::numeric_limits<std::size_t>::max() / wide)) {
      raise<ModelError>("{}: tensor '{}' has an impossible shape", path.string(), name);
    }
    bytes *= wide;
  }
  if (bytes != tensor.bytes.size()) {
    raise<ModelError>("{}: tensor '{}' needs {} bytes by its shape and type, but has {}",
                      path.string(), name, bytes, tensor.bytes.size());
  }
}

}  // namespace tamis
