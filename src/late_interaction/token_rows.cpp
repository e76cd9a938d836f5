// late_interaction/token_rows.cpp
#include "late_interaction/token_rows.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "score/engine/interaction.hpp"

namespace tamis {
namespace {

constexpr float kLevels = 127;

/// Divided by its length, at least 1e-12 as in torch's normalize. False when it is not finite.
bool normalize(std::span<float> row) {
  double squares = 0;
  for (const float value : row) squares += static_cast<double>(value) * static_cast<double>(value);
  const double length = std::max(std::sqrt(squares), 1e-12);
  for (float& value : row) value = static_cast<float>(static_cast<double>(value) / length);
  return std::isfinite(squares);
}

void mean_of(std::span<const float> states, std::span<float> mean) {
  const std::size_t width = mean.size();
  std::vector<double> sums(width, 0.0);
  for (std::size_t i = 0; i < states.size(); ++i) {
    sums[i % width] += static_cast<double>(states[i]);
  }
  const std::size_t rows = states.size() / width;
  const auto tokens = static_cast<double>(rows);
  std::transform(sums.begin(), sums.end(), mean.begin(),
                 [tokens](double sum) { return static_cast<float>(sum / tokens); });
}

void quantize_row(std::span<const float> row, std::byte* out) {
  float most = 0;
  for (const float value : row) most = std::max(most, std::abs(value));
  const float scale = most / kLevels;
  const float inverse = most > 0 ? kLevels / most : 0;
  std::memcpy(out, &scale, sizeof(scale));
  out += sizeof(scale);
  for (std::size_t i = 0; i < row.size(); ++i) {
    out[i] = static_cast<std::byte>(static_cast<std::int8_t>(std::lrint(row[i] * inverse)));
  }
}

}  // namespace

std::vector<float> unit_rows(std::size_t width, std::span<const float> vectors,
                             std::span<const std::size_t> compared) {
  std::vector<float> rows(width);
  rows.reserve((1 + compared.size()) * width);
  mean_of(vectors, rows);
  for (const std::size_t token : compared) {
    const auto row = vectors.subspan(token * width, width);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  bool finite = true;
  for (std::size_t at = 0; at < rows.size(); at += width) {
    finite = normalize(std::span(rows).subspan(at, width)) && finite;
  }
  return finite ? rows : std::vector<float>{};
}

std::vector<float> unit_rows(const EncoderConfig& config, std::span<const float> states) {
  const std::size_t width = config.hidden_size;
  const engine::TokenRange range = engine::compared_tokens(config, states.size() / width);
  std::vector<std::size_t> compared(range.size());
  std::iota(compared.begin(), compared.end(), range.begin);
  return unit_rows(width, states, compared);
}

bool unit_vector(Pooling pooling, std::span<const float> states, std::span<float> row) {
  if (pooling == Pooling::first_token) {
    std::copy_n(states.begin(), row.size(), row.begin());
  } else {
    mean_of(states, row);
  }
  return normalize(row);
}

std::shared_ptr<const std::byte> quantize_rows(std::span<const float> rows, std::size_t width) {
  const std::size_t count = rows.size() / width;
  const std::shared_ptr<std::byte[]> bytes(new std::byte[count * row_bytes(width)]);
  for (std::size_t i = 0; i < count; ++i) {
    quantize_row(rows.subspan(i * width, width), bytes.get() + i * row_bytes(width));
  }
  return {bytes, bytes.get()};
}

void read_row(const std::byte* row, std::size_t width, float* out) {
  float scale = 0;
  std::memcpy(&scale, row, sizeof(scale));
  const auto* const codes = reinterpret_cast<const std::int8_t*>(row + sizeof(scale));
  for (std::size_t i = 0; i < width; ++i) out[i] = scale * static_cast<float>(codes[i]);
}

}  // namespace tamis
