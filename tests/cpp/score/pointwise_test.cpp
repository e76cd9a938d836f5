// GELU and layer norm against double precision, over the whole range of float.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"
#include "support/catch.hpp"

using tamis::engine::Kernels;
using tamis::engine::Product;

namespace {

template <typename Check>
void each_set(Check check) {
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    check(tamis::engine::kernels_for(*name));
  }
}

/// Every 1009th float, of both signs, from the smallest to the largest finite one.
std::vector<float> whole_range() {
  std::vector<float> values;
  for (std::uint32_t bits = 0; bits < 0x7f800000U; bits += 1009) {
    values.push_back(std::bit_cast<float>(bits));
    values.push_back(-values.back());
  }
  return values;
}

using Reference = double (*)(double);

/// The greatest error of `function`, relative to max(1, |x|).
double worst(tamis::engine::Pointwise function, Reference reference) {
  const std::vector<float> x = whole_range();
  std::vector<float> y = x;
  function(y.data(), y.size(), 1, y.size());
  double most = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<double>(x[i]);
    const double error = std::abs(static_cast<double>(y[i]) - reference(at));
    const double relative = error / std::max(1.0, std::abs(at));
    if (!(relative <= most)) most = relative;  // NaN is the worst
  }
  return most;
}

double gelu_erf(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double logistic(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double gelu_tanh(double x) {
  const double u = std::sqrt(2.0 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
  return x * logistic(2.0 * u);
}
double silu(double x) { return x * logistic(x); }

}  // namespace

TEST_CASE("activations keep their error bound over the whole range of float") {
  each_set([](const Kernels& kernels) {
    INFO(kernels.name);
    CHECK(worst(kernels.gelu_erf, gelu_erf) < 3e-7);
    CHECK(worst(kernels.gelu_erf_near, gelu_erf) < 8e-5);
    CHECK(worst(kernels.gelu_tanh, gelu_tanh) < 2e-7);
    CHECK(worst(kernels.silu, silu) < 2e-7);
    CHECK(worst(kernels.relu, [](double x) { return std::max(x, 0.0); }) == 0.0);
  });
}

TEST_CASE("an activation does not depend on where in a row the value stands") {
  each_set([](const Kernels& kernels) {
    std::mt19937 random(5);
    std::normal_distribution<float> normal(0, 3);
    std::vector<float> x(103);
    for (float& value : x) value = normal(random);
    for (const auto function :
         {kernels.gelu_erf, kernels.gelu_erf_near, kernels.gelu_tanh, kernels.silu}) {
      std::vector<float> whole = x;
      function(whole.data(), whole.size(), 1, whole.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        float one = x[i];
        function(&one, 1, 1, 1);
        CHECK(std::bit_cast<std::uint32_t>(one) == std::bit_cast<std::uint32_t>(whole[i]));
      }
    }
  });
}

TEST_CASE("NaN stays NaN") {
  each_set([](const Kernels& kernels) {
    for (const auto function :
         {kernels.gelu_erf, kernels.gelu_erf_near, kernels.gelu_tanh, kernels.silu, kernels.relu}) {
      float value = std::numeric_limits<float>::quiet_NaN();
      function(&value, 1, 1, 1);
      CHECK(std::isnan(value));
    }
  });
}

TEST_CASE("layer norm, with and without a second summand, in place") {
  each_set([](const Kernels& kernels) {
    std::mt19937 random(9);
    std::normal_distribution<float> normal(3, 2);
    for (const std::size_t n : {1, 5, 8, 48, 100, 384}) {
      std::vector<float> x(n), y(n), gain(n), shift(n);
      for (auto* values : {&x, &y, &gain, &shift}) {
        for (float& value : *values) value = normal(random);
      }
      for (const bool second : {false, true}) {
        double mean = 0;
        double squares = 0;
        std::vector<double> sum(n);
        for (std::size_t i = 0; i < n; ++i) {
          sum[i] = static_cast<double>(x[i]) + (second ? static_cast<double>(y[i]) : 0.0);
          mean += sum[i] / static_cast<double>(n);
        }
        for (const double value : sum) squares += (value - mean) * (value - mean);
        const double scale = 1.0 / std::sqrt(squares / static_cast<double>(n) + 1e-5);
        std::vector<float> out = x;
        kernels.layer_norm(out.data(), second ? y.data() : nullptr, gain.data(), shift.data(),
                           1e-5F, out.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
          const double expected = (sum[i] - mean) * scale * static_cast<double>(gain[i]) +
                                  static_cast<double>(shift[i]);
          CHECK(static_cast<double>(out[i]) == Approx(expected).margin(2e-5));
        }
      }
    }
  });
}
