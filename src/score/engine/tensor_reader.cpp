// score/engine/tensor_reader.cpp
#include "score/engine/tensor_reader.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <utility>

#include <fmt/ranges.h>

#include <tamis/error.hpp>

namespace tamis::engine {
namespace {

template <typename T>
T element(const std::byte* from, std::size_t index) {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }

/// IEEE 754 binary16: a subnormal is its mantissa times 2^-24.
float from_f16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t exponent = (bits >> 10U) & 0x1fU;
  const std::uint32_t mantissa = bits & 0x3ffU;
  if (exponent == 0) {
    const float value = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -value : value;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (wide << 23U) | (mantissa << 13U));
}

void convert(const StoredTensor& tensor, std::size_t begin, std::size_t count, float* out,
             float scale) {
  const std::byte* const data = tensor.view.bytes.data();
  switch (tensor.view.dtype) {
    case DType::f32:
      std::memcpy(out, data + begin * 4, count * 4);
      return;
    case DType::f16:
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = from_f16(element<std::uint16_t>(data, begin + i));
      }
      return;
    case DType::bf16:
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = from_bf16(element<std::uint16_t>(data, begin + i));
      }
      return;
    default:
      for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<float>(element<std::int8_t>(data, begin + i)) * scale;
      }
  }
}

bool readable(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::i8;
}

/// An exponent of all ones is NaN or infinity.
bool all_finite(const float* values, std::size_t count) {
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t bad = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<std::uint32_t>(values[i]);
    bad |= static_cast<std::uint32_t>((bits & kExponent) == kExponent);
  }
  return bad == 0;
}

/// Tables up to this size are looked through for NaN when they are loaded; what a larger one holds
/// shows in the logits of the pairs that use it.
constexpr std::size_t kCheckedBytes = std::size_t{256} << 20U;

bool rows_finite(const StoredTensor& tensor) {
  const auto rows = static_cast<std::size_t>(tensor.view.shape.front());
  std::vector<float> row(tensor.view.elements() / std::max<std::size_t>(rows, 1));
  for (std::size_t i = 0; i < rows; ++i) {
    read_row(tensor, i, row.data());
    if (!all_finite(row.data(), row.size())) return false;
  }
  return true;
}

std::string old_name(std::string name) {
  for (const auto& [now, then] : {std::pair{".weight", ".gamma"}, std::pair{".bias", ".beta"}}) {
    const std::string suffix = std::string("LayerNorm") + now;
    if (name.ends_with(suffix))
      return name.replace(name.size() - std::strlen(now), std::string::npos, then);
  }
  return name;
}

}  // namespace

void read_row(const StoredTensor& tensor, std::size_t row, float* out) {
  const auto columns = static_cast<std::size_t>(tensor.view.shape.back());
  convert(tensor, row * columns, columns, out, tensor.scale.empty() ? 1.0F : tensor.scale[row]);
}

void fetch_row(const StoredTensor& tensor, std::size_t row) {
  const std::size_t bytes =
      tensor.view.bytes.size() / static_cast<std::size_t>(tensor.view.shape.front());
  constexpr std::size_t kLine = 64;
  const std::byte* const at = tensor.view.bytes.data() + row * bytes;
  for (std::size_t i = 0; i < bytes; i += kLine) __builtin_prefetch(at + i);
}

TensorReader::TensorReader(WeightFile weights, std::vector<std::string> prefixes)
    : weights_(std::move(weights)), prefixes_(std::move(prefixes)) {}

const TensorView* TensorReader::find(const std::string& name) const {
  for (const std::string& candidate : {name, old_name(name)}) {
    for (const std::string& prefix : prefixes_) {
      if (const TensorView* tensor = weights_.find(prefix + candidate)) return tensor;
    }
  }
  return nullptr;
}

bool TensorReader::has(const std::string& name) const { return find(name) != nullptr; }

const TensorView& TensorReader::view(const std::string& name,
                                     const std::vector<std::size_t>& shape) const {
  const TensorView* const found = find(name);
  if (found == nullptr) {
    raise<ModelError>("{}: tensor '{}' is missing", weights_.path().string(), name);
  }
  if (!std::equal(found->shape.begin(), found->shape.end(), shape.begin(), shape.end(),
                  [](std::int64_t left, std::size_t right) {
                    return static_cast<std::size_t>(left) == right;
                  })) {
    raise<ModelError>("{}: tensor '{}' has shape [{}], config.json makes it [{}]",
                      weights_.path().string(), name, fmt::join(found->shape, ", "),
                      fmt::join(shape, ", "));
  }
  if (!readable(found->dtype)) {
    raise<ModelError>("{}: tensor '{}' is of type {}; the engine reads F32, F16, BF16 and I8",
                      weights_.path().string(), name, name_of(found->dtype));
  }
  return *found;
}

bool TensorReader::is_int8(const std::string& name) const {
  const TensorView* const found = find(name);
  return found != nullptr && found->dtype == DType::i8;
}

std::vector<float> TensorReader::scales(const std::string& name,
                                        const std::vector<std::size_t>& shape) const {
  if (!is_int8(name)) return {};
  return floats(name + ".scale", {shape.front()});
}

StoredTensor TensorReader::stored(const std::string& name,
                                  const std::vector<std::size_t>& shape) const {
  return {view(name, shape), scales(name, shape)};
}

StoredTensor TensorReader::table(const std::string& name,
                                 const std::vector<std::size_t>& shape) const {
  StoredTensor tensor = stored(name, shape);
  // int8 rows are finite when their scales are.
  const bool floating = tensor.view.dtype != DType::i8;
  if (floating && tensor.view.bytes.size() <= kCheckedBytes && !rows_finite(tensor)) {
    not_finite(name);
  }
  weights_.forget(tensor.view);
  return tensor;
}

void TensorReader::not_finite(const std::string& name) const {
  raise<ModelError>("{}: tensor '{}' holds NaN or infinity; the checkpoint is broken",
                    weights_.path().string(), name);
}

std::vector<float> TensorReader::floats(const std::string& name,
                                        const std::vector<std::size_t>& shape, bool finite) const {
  const StoredTensor tensor = stored(name, shape);
  std::vector<float> values(tensor.view.elements());
  if (tensor.scale.empty()) {
    convert(tensor, 0, values.size(), values.data(), 1.0F);
  } else {
    const std::size_t columns = values.size() / shape.front();
    for (std::size_t row = 0; row < shape.front(); ++row) {
      convert(tensor, row * columns, columns, values.data() + row * columns, tensor.scale[row]);
    }
  }
  if (finite && !all_finite(values.data(), values.size())) not_finite(name);
  weights_.forget(tensor.view);
  return values;
}

void TensorReader::require(const std::vector<std::string>& names, const std::string& what) const {
  std::vector<std::string> missing;
  for (const std::string& name : names) {
    if (!has(name)) missing.push_back(name);
  }
  if (missing.empty()) return;
  raise<ModelError>(
      "{} has no {}: {} {} missing; it is a bare encoder or another architecture, and "
      "scores from made-up weights would be random",
      weights_.path().string(), what, fmt::join(missing, ", "), missing.size() == 1 ? "is" : "are");
}

}  // namespace tamis::engine
