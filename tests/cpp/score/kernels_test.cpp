// The matrix product of every instruction set that this processor runs.
#include "score/engine/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <tamis/error.hpp>

#include "score/engine/matrix.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::engine::Kernels;

namespace {

std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found;
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    found.push_back(&tamis::engine::kernels_for(*name));
  }
  return found;
}

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  std::generate(values.begin(), values.end(), [&] { return normal(random); });
  return values;
}

struct Product {
  std::size_t rows, outputs, inputs;
  std::vector<float> x, weight, bias;

  Product(std::size_t m, std::size_t n, std::size_t k)
      : rows(m),
        outputs(n),
        inputs(k),
        x(random_floats(m * k, 1)),
        weight(random_floats(n * k, 2)),
        bias(random_floats(n, 3)) {}

  [[nodiscard]] std::vector<float> by(const Kernels& kernels) const {
    const auto linear = tamis::engine::make_linear(weight, bias, outputs, inputs, kernels.panel);
    std::vector<float> y(rows * outputs, 99.0F);
    kernels.gemm(x.data(), inputs, linear.panels.data(), linear.bias.data(), y.data(), outputs,
                 rows, outputs, inputs);
    return y;
  }
};

}  // namespace

TEST_CASE("the product is right for every shape of edge") {
  for (const Kernels* kernels : all_kernels()) {
    for (const std::size_t m : {1, 2, 5, 6, 7, 13, 24}) {
      for (const std::size_t n : {1, 7, 8, 16, 17, 33, 64}) {
        for (const std::size_t k : {1, 3, 32, 65, 700}) {
          const Product product(m, n, k);
          const auto y = product.by(*kernels);
          for (std::size_t i = 0; i < m * n; ++i) {
            double sum = static_cast<double>(product.bias[i % n]);
            double size = std::abs(sum);
            for (std::size_t j = 0; j < k; ++j) {
              const double term = static_cast<double>(product.x[i / n * k + j]) *
                                  static_cast<double>(product.weight[i % n * k + j]);
              sum += term;
              size += std::abs(term);
            }
            if (std::abs(static_cast<double>(y[i]) - sum) > 1e-6 * size + 1e-6) {
              FAIL(kernels->name << ' ' << m << 'x' << n << 'x' << k << " element " << i);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("a row has the same bits alone and in any block") {
  for (const Kernels* kernels : all_kernels()) {
    const Product whole(29, 40, 700);
    const auto expected = whole.by(*kernels);
    const auto linear =
        tamis::engine::make_linear(whole.weight, whole.bias, 40, 700, kernels->panel);
    for (std::size_t first = 0; first < whole.rows; ++first) {
      for (std::size_t count = 1; first + count <= whole.rows; count += 3) {
        std::vector<float> y(count * 40);
        kernels->gemm(whole.x.data() + first * 700, 700, linear.panels.data(), linear.bias.data(),
                      y.data(), 40, count, 40, 700);
        CHECK(std::memcmp(y.data(), expected.data() + first * 40, y.size() * 4) == 0);
      }
    }
  }
}

TEST_CASE("columns beyond the last are not written") {
  for (const Kernels* kernels : all_kernels()) {
    const std::vector<float> x = random_floats(6 * 8, 1);
    const auto linear =
        tamis::engine::make_linear(random_floats(3 * 8, 2), {}, 3, 8, kernels->panel);
    std::vector<float> y(6 * 10, 7.0F);
    kernels->gemm(x.data(), 8, linear.panels.data(), nullptr, y.data(), 10, 6, 3, 8);
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (i % 10 >= 3) CHECK(y[i] == 7.0F);
    }
  }
}

TEST_CASE("TAMIS_ISA forces a lower set; a name that is none is an error") {
  setenv("TAMIS_ISA", "portable", 1);
  CHECK(std::string(tamis::engine::kernels().name) == "portable");
  setenv("TAMIS_ISA", "mmx", 1);
  CHECK(contains(message_of<tamis::InvalidArgument>([] { (void)tamis::engine::kernels(); }),
                 "portable, avx2 or avx512"));
  unsetenv("TAMIS_ISA");
  CHECK_NOTHROW(tamis::engine::kernels());
}
