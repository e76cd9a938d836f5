// late_interaction/torch/borrowed.cpp
#include "late_interaction/torch/borrowed.hpp"

#include <cstddef>
#include <cstdint>

#include <ATen/ATen.h>

#include "late_interaction/token_vectors.hpp"

namespace tamis::borrowed {
namespace {

at::ScalarType scalar_type(VectorType type) {
  switch (type) {
    case VectorType::fp32:
      return at::kFloat;
    case VectorType::fp16:
      return at::kHalf;
    case VectorType::bf16:
      return at::kBFloat16;
    case VectorType::int8:
      break;
  }
  return at::kChar;
}

at::Device place_of(const DeviceVectors& given, at::Device device) {
  return given.on_device ? device : at::Device(at::kCPU);
}

at::Tensor view(const void* data, at::ScalarType type, at::IntArrayRef sizes,
                at::IntArrayRef strides, at::Device place) {
  // ATen knows no tensor of constants.
  return at::for_blob(const_cast<void*>(data), sizes)
      .strides(strides)
      .options(at::TensorOptions(place).dtype(type))
      .target_device(place)
      .make_tensor();
}

std::int64_t count_of(const DeviceVectors& given) {
  return static_cast<std::int64_t>(given.vectors.rows);
}

/// Whether `next` begins where `last`, which has an element for each of its rows, ends.
template <typename T>
bool continues(std::span<const T> last, std::size_t rows, std::span<const T> next,
               std::size_t next_rows) {
  if (last.empty() && next.empty()) return true;
  return last.size() == rows && next.size() == next_rows && last.data() + rows == next.data();
}

bool continues(const DeviceVectors& last, const DeviceVectors& next) {
  const TokenVectors& a = last.vectors;
  const TokenVectors& b = next.vectors;
  if (last.on_device != next.on_device || a.type != b.type || stride_of(a) != stride_of(b) ||
      static_cast<const std::byte*>(a.data) + a.rows * stride_of(a) != b.data) {
    return false;
  }
  const bool one_scale =
      a.scales.size() == 1 && b.scales.size() == 1 && a.scales.data() == b.scales.data();
  return continues(a.mask, a.rows, b.mask, b.rows) &&
         (one_scale || continues(a.scales, a.rows, b.scales, b.rows));
}

}  // namespace

std::vector<DeviceVectors> merged(std::span<const DeviceVectors> documents) {
  std::vector<DeviceVectors> runs;
  for (const DeviceVectors& next : documents) {
    if (runs.empty() || !continues(runs.back(), next)) {
      runs.push_back(next);
      continue;
    }
    TokenVectors& last = runs.back().vectors;
    last.rows += next.vectors.rows;
    if (!last.mask.empty()) last.mask = {last.mask.data(), last.rows};
    if (!last.scales.empty() && last.scales.data() != next.vectors.scales.data()) {
      last.scales = {last.scales.data(), last.rows};
    }
  }
  return runs;
}

at::Tensor rows(const DeviceVectors& given, at::Device device) {
  const TokenVectors& vectors = given.vectors;
  const auto stride = static_cast<std::int64_t>(stride_of(vectors) / element_bytes(vectors.type));
  return view(vectors.data, scalar_type(vectors.type),
              {count_of(given), static_cast<std::int64_t>(vectors.width)}, {stride, 1},
              place_of(given, device));
}

at::Tensor scales(const DeviceVectors& given, at::Device device) {
  const std::span<const float> found = given.vectors.scales;
  const at::Device place = place_of(given, device);
  if (found.empty()) return at::ones({count_of(given)}, at::TensorOptions(place).dtype(at::kFloat));
  const auto size = static_cast<std::int64_t>(found.size());
  return view(found.data(), at::kFloat, {size}, {1}, place).expand({count_of(given)});
}

at::Tensor mask(const DeviceVectors& given, at::Device device) {
  const at::Device place = place_of(given, device);
  if (given.vectors.mask.empty()) {
    return at::ones({count_of(given)}, at::TensorOptions(place).dtype(at::kBool));
  }
  return view(given.vectors.mask.data(), at::kByte, {count_of(given)}, {1}, place).ne(0);
}

}  // namespace tamis::borrowed
