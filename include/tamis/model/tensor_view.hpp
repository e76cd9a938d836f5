// tamis/model/tensor_view.hpp: a tensor that lies in a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace tamis {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

/// Bytes of one element.
[[nodiscard]] std::size_t size_of(DType dtype) noexcept;

/// "F32", "BF16", "I8" ... as safetensors writes them.
[[nodiscard]] std::string_view name_of(DType dtype) noexcept;

/// Throws ModelError for a name that safetensors does not have.
[[nodiscard]] DType dtype_from_name(std::string_view name);

/// Row-major. Valid while the WeightFile lives that gave it.
struct TensorView {
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;

  [[nodiscard]] std::size_t elements() const noexcept {
    std::size_t count = 1;
    for (const std::int64_t side : shape) count *= static_cast<std::size_t>(side);
    return count;
  }
};

}  // namespace tamis
