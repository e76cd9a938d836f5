// The instruction sets and their products, and a product with random factors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"

namespace tamis::engine {
const Kernels& kernels_amx_emulated();
const Kernels& kernels_avx2_vnni_emulated();
}  // namespace tamis::engine

namespace test {

using tamis::engine::Kernels;

constexpr std::size_t kInputs = 70;  // no multiple of any step

/// The sets of this processor, and those of others over emulated instructions.
inline std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found;
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    found.push_back(&tamis::engine::kernels_for(*name));
  }
  found.push_back(&tamis::engine::kernels_amx_emulated());
  found.push_back(&tamis::engine::kernels_avx2_vnni_emulated());
  return found;
}

inline std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

struct Product {
  std::size_t rows, outputs, inputs;
  std::vector<float> x, weight, bias;
  std::vector<float> scales{};  ///< see MatrixView; empty: none

  Product(std::size_t m, std::size_t n, std::size_t k)
      : rows(m),
        outputs(n),
        inputs(k),
        x(random_floats(m * k, 1)),
        weight(random_floats(n * k, 2)),
        bias(random_floats(n, 3)) {}

  /// Rounds the weights to whole numbers up to 127 times a scale of each output.
  void make_int8() {
    for (std::size_t i = 0; i < outputs; ++i) scales.push_back(0.01F + 0.003F * bias[i] * bias[i]);
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const float scale = scales[i / inputs];
      weight[i] = scale * std::clamp(std::round(weight[i] / scale), -127.0F, 127.0F);
    }
  }

  [[nodiscard]] tamis::engine::Linear linear(const tamis::engine::Product& product) const {
    auto view = tamis::engine::row_major(weight, outputs, inputs);
    if (!scales.empty()) view.scales = scales.data();
    return tamis::engine::make_linear(product, view, bias);
  }
  [[nodiscard]] std::vector<float> by(const tamis::engine::Product& product) const {
    return by(linear(product), 0, rows);
  }
  /// By scalar code: rows and outputs rounded to 127 levels of their largest magnitude.
  [[nodiscard]] std::vector<double> quantized() const {
    const auto levels = [this](const float* from, float length, float count, float& scale) {
      scale = length / count;
      std::vector<std::int64_t> whole(inputs);
      for (std::size_t i = 0; i < inputs; ++i) whole[i] = std::lrintf(from[i] * (count / length));
      return whole;
    };
    std::vector<double> y;
    for (std::size_t row = 0; row < rows; ++row) {
      float row_scale = 0;
      const float* const input = x.data() + row * inputs;
      const auto [low, high] = std::minmax_element(input, input + inputs);
      const float length = std::max(*high, 0.0F) - std::min(*low, 0.0F);
      const auto a = levels(input, length, 254, row_scale);
      for (std::size_t output = 0; output < outputs; ++output) {
        float scale = 0;
        const float* const weights = weight.data() + output * inputs;
        const float most = std::abs(*std::max_element(
            weights, weights + inputs, [](float p, float q) { return std::abs(p) < std::abs(q); }));
        const auto b = levels(weights, most, 127, scale);
        const auto sum = std::inner_product(a.begin(), a.end(), b.begin(), std::int64_t{0});
        y.push_back(static_cast<double>(sum) * static_cast<double>(scale * row_scale) +
                    static_cast<double>(bias[output]));
      }
    }
    return y;
  }
  [[nodiscard]] std::vector<float> by(const tamis::engine::Linear& linear, std::size_t first,
                                      std::size_t count) const {
    tamis::engine::Bytes prepared;
    std::vector<float> y(count * outputs, 99.0F);
    tamis::engine::apply(linear, x.data() + first * inputs, count, y.data(), prepared, {});
    return y;
  }
};

inline std::vector<const tamis::engine::Product*> products_of(const Kernels& kernels) {
  return {&kernels.fp32, &kernels.fp32_layers, &kernels.fp32_of_int8,
          &kernels.bf16, &kernels.fp16,        &kernels.int8};
}

/// Calls check(kernels, product, then); some activations are fused with some products.
template <typename Check>
void each_activation(Check check) {
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* product : products_of(*kernels)) {
      for (const auto then : {kernels->gelu_erf, kernels->gelu_erf_near, kernels->gelu_tanh}) {
        check(*kernels, *product, then);
      }
    }
  }
}

}  // namespace test
