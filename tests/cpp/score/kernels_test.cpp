// The matrix product of every instruction set that this processor runs.
#include "score/engine/kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "score/engine/linear.hpp"
#include "support/catch.hpp"

using tamis::engine::Kernels;

namespace tamis::engine {
const Kernels& kernels_amx_emulated();
const Kernels& kernels_avx2_vnni_emulated();
}  // namespace tamis::engine

namespace {

constexpr std::size_t kInputs = 70;  // no multiple of any step

/// The sets of this processor, and those of others over emulated instructions.
std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> found;
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    found.push_back(&tamis::engine::kernels_for(*name));
  }
  found.push_back(&tamis::engine::kernels_amx_emulated());
  found.push_back(&tamis::engine::kernels_avx2_vnni_emulated());
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

  [[nodiscard]] std::vector<float> by(const tamis::engine::Product& product) const {
    const auto linear = tamis::engine::make_linear(product, weight, bias, outputs, inputs);
    return by(linear, 0, rows);
  }
  /// By scalar code: rows and outputs rounded to 127 levels of their largest magnitude.
  [[nodiscard]] std::vector<double> quantized() const {
    const auto levels = [this](const std::vector<float>& from, std::size_t row, float& scale) {
      const float* const at = from.data() + row * inputs;
      float most = 0;
      for (std::size_t i = 0; i < inputs; ++i) most = std::max(most, std::abs(at[i]));
      scale = most / 127.0F;
      std::vector<std::int64_t> whole(inputs);
      for (std::size_t i = 0; i < inputs; ++i) whole[i] = std::lrintf(at[i] * (127.0F / most));
      return whole;
    };
    std::vector<double> y;
    for (std::size_t row = 0; row < rows; ++row) {
      float row_scale = 0;
      const auto a = levels(x, row, row_scale);
      for (std::size_t output = 0; output < outputs; ++output) {
        float scale = 0;
        const auto b = levels(weight, output, scale);
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

template <typename T>
T element(const tamis::engine::Bytes& bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at * sizeof(T), sizeof(T));
  return value;
}

/// To nearest even.
std::uint16_t to_bf16(float value) {
  const auto word = std::bit_cast<std::uint32_t>(value);
  return static_cast<std::uint16_t>((word + 0x7fffU + ((word >> 16) & 1U)) >> 16);
}

std::vector<const tamis::engine::Product*> products_of(const Kernels& kernels) {
  return {&kernels.fp32, &kernels.fp32_layers, &kernels.bf16, &kernels.fp16, &kernels.int8};
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

/// Relative to the sum of the magnitudes of all terms. Of int8 half a level of either factor's
/// largest, which the term need not be.
double tolerance(const tamis::engine::Product& product) {
  const std::string precision = product.precision;
  if (product.splits_inputs) return 3.06e-5;  // 2^-15
  if (precision == "fp32") return 1e-6;
  if (precision == "fp16") return 1e-3;
  return precision == "bf16" ? 8e-3 : 3e-2;
}

}  // namespace

TEST_CASE("the product is right for every shape of edge") {
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* arithmetic : products_of(*kernels)) {
      for (const std::size_t m : {1, 2, 5, 6, 7, 13, 14, 29, 32, 48}) {
        for (const std::size_t n : {1, 7, 8, 16, 17, 33, 64}) {
          for (const std::size_t k : {1, 3, 32, 65, 700}) {
            const Product product(m, n, k);
            const auto y = product.by(*arithmetic);
            for (std::size_t i = 0; i < m * n; ++i) {
              double sum = static_cast<double>(product.bias[i % n]);
              double size = std::abs(sum);
              for (std::size_t j = 0; j < k; ++j) {
                const double term = static_cast<double>(product.x[i / n * k + j]) *
                                    static_cast<double>(product.weight[i % n * k + j]);
                sum += term;
                size += std::abs(term);
              }
              if (std::abs(static_cast<double>(y[i]) - sum) >
                  tolerance(*arithmetic) * size + 1e-6) {
                FAIL(kernels->name << ' ' << arithmetic->precision << ' ' << m << 'x' << n << 'x'
                                   << k << " element " << i);
              }
            }
          }
        }
      }
    }
  }
}

TEST_CASE("numbers split in two leave out no more than they say") {
  const float worst = 1 + 0x1p-8F - 0x1p-17F - 0x1p-23F;
  for (const Kernels* kernels : all_kernels()) {
    if (!kernels->fp32_layers.splits_inputs) continue;
    const auto linear =
        tamis::engine::make_linear(kernels->fp32_layers, std::vector{worst}, {}, 1, 1);
    tamis::engine::Bytes prepared;
    float y = 0;
    tamis::engine::apply(linear, &worst, 1, &y, prepared, {});
    const double exact = static_cast<double>(worst) * static_cast<double>(worst);
    CHECK(std::abs(static_cast<double>(y) / exact - 1) < 0x1p-15);
    CHECK(std::abs(static_cast<double>(y) / exact - 1) > 0x1p-16);
  }
}

/// Levels of int8, so that no rounding is in doubt: random ones, or the largest sums there are,
/// which no intermediate may saturate. Each row has a level of 127.
void make_whole(std::vector<float>& rows, std::size_t inputs, bool extreme) {
  std::mt19937 random(static_cast<unsigned>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto level = static_cast<float>(static_cast<int>(random() % 255) - 127);
    const float most = i / inputs % 2 != 0 ? 127.0F : -127.0F;
    rows[i] = (extreme || i % inputs == 0 ? most : level) * 0.25F;
  }
}

TEST_CASE("int8 products are exact: every set gives what 64-bit integers give") {
  for (const std::size_t k : {1, 7, 384, 4099}) {
    for (const bool extreme : {false, true}) {
      Product product(41, 33, k);
      make_whole(product.x, k, extreme);
      make_whole(product.weight, k, extreme);
      const std::vector<double> expected = product.quantized();
      for (const Kernels* kernels : all_kernels()) {
        const auto y = product.by(kernels->int8);
        for (std::size_t i = 0; i < y.size(); ++i) {
          const double size =
              std::abs(expected[i]) + std::abs(static_cast<double>(product.bias[i % 33]));
          if (std::abs(static_cast<double>(y[i]) - expected[i]) > 4e-7 * (size + 1)) {
            FAIL(kernels->name << " inputs " << k << " element " << i);
          }
        }
      }
    }
  }
}

TEST_CASE("panels are the same from a weight and from its transpose") {
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* arithmetic : products_of(*kernels)) {
      const tamis::engine::Product& product = *arithmetic;
      for (const std::size_t outputs : {5, 32, 64, 70}) {
        for (const std::size_t inputs : {1, 32, 70, 96}) {
          const std::vector<float> rows = random_floats(outputs * inputs, 4);
          std::vector<float> columns(rows.size());
          for (std::size_t i = 0; i < rows.size(); ++i) {
            columns[i % inputs * outputs + i / inputs] = rows[i];
          }
          const std::size_t bytes = tamis::engine::packed_bytes(product, outputs, inputs);
          tamis::engine::Bytes one(bytes);
          tamis::engine::Bytes other(bytes);
          product.pack({rows.data(), outputs, inputs, inputs, 1}, nullptr, one.data());
          product.pack({columns.data(), outputs, inputs, 1, outputs}, nullptr, other.data());
          INFO(kernels->name << ' ' << product.precision << ' ' << outputs << 'x' << inputs);
          CHECK(one == other);
        }
      }
    }
  }
}

TEST_CASE("a row has the same bits alone and in any block") {
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* arithmetic : products_of(*kernels)) {
      const Product whole(52, 80, 300);
      const auto linear =
          tamis::engine::make_linear(*arithmetic, whole.weight, whole.bias, 80, 300);
      const auto expected = whole.by(linear, 0, whole.rows);
      for (std::size_t first = 0; first < whole.rows; ++first) {
        for (std::size_t count = 1 + first % 3; first + count <= whole.rows; count += 3) {
          const auto y = whole.by(linear, first, count);
          CHECK(std::memcmp(y.data(), expected.data() + first * 80, y.size() * 4) == 0);
        }
      }
    }
  }
}

TEST_CASE("a product, its activation and the next rows at once are what they are one by one") {
  constexpr std::size_t kOutputs = 128;
  each_activation([&](const Kernels& kernels, const tamis::engine::Product& product,
                      tamis::engine::Pointwise then) {
    if (product.multiply_then == nullptr) return;
    for (const std::size_t rows : {1, 16, 31, 64, 70}) {
      const Product shape(rows, kOutputs, kInputs);
      const auto linear =
          tamis::engine::make_linear(product, shape.weight, shape.bias, kOutputs, kInputs);
      std::vector<float> y = shape.by(linear, 0, rows);
      then(y.data(), kOutputs, rows, kOutputs);
      tamis::engine::Bytes prepared;
      const auto x = tamis::engine::prepare(linear, shape.x.data(), rows, prepared);
      const std::size_t stride = product.row_bytes(kOutputs);
      tamis::engine::Bytes expected(rows * stride);
      product.prepare(y.data(), kOutputs, rows, kOutputs, expected.data(), stride);
      tamis::engine::Bytes found(expected);
      for (std::size_t row = 0; row < rows; ++row) {
        std::memset(found.data() + row * stride, 0x55, kOutputs * product.input_bytes);
      }
      product.multiply_then(x, rows, linear.panels.data(), kOutputs, kInputs, then, found.data(),
                            stride);
      INFO(kernels.name << ' ' << product.precision << ' ' << rows << " rows");
      CHECK(found == expected);
    }
  });
}

TEST_CASE("columns beyond the last are not written, nor rows") {
  constexpr std::size_t kStride = 50;
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* product : products_of(*kernels)) {
      for (const std::size_t rows : {6, 16, 32, 48}) {
        for (const std::size_t columns : {3, 16, 32, 40}) {
          const Product shape(rows, columns, kInputs);
          const auto linear =
              tamis::engine::make_linear(*product, shape.weight, shape.bias, columns, kInputs);
          const std::vector<float> expected = shape.by(linear, 0, rows);
          tamis::engine::Bytes prepared;
          const auto x = tamis::engine::prepare(linear, shape.x.data(), rows, prepared);
          std::vector<float> y((rows + 32) * kStride, 7.0F);
          product->multiply(x, rows, linear.panels.data(), columns, kInputs, y.data(), kStride);
          std::size_t wrong = 0;
          for (std::size_t i = 0; i < y.size(); ++i) {
            const std::size_t row = i / kStride;
            const std::size_t column = i % kStride;
            const bool inside = row < rows && column < columns;
            if (y[i] != (inside ? expected[row * columns + column] : 7.0F)) ++wrong;
          }
          INFO(kernels->name << ' ' << product->precision << ' ' << rows << 'x' << columns);
          CHECK(wrong == 0);
        }
      }
    }
  }
}

TEST_CASE("a product into the rows of the next is the two, one after the other") {
  constexpr std::size_t kRows = 40;
  each_activation([&](const Kernels& kernels, const tamis::engine::Product& product,
                      tamis::engine::Pointwise then) {
    for (const tamis::engine::Product* reader : {&product, &kernels.fp32, &kernels.int8}) {
      for (const std::size_t outputs : {50, 128, 320}) {
        const Product shape(kRows, outputs, kInputs);
        const auto linear =
            tamis::engine::make_linear(product, shape.weight, shape.bias, outputs, kInputs);
        const auto next = tamis::engine::make_linear(*reader, std::vector<float>(5 * outputs, 0.1F),
                                                     {}, 5, outputs);
        std::vector<float> y = shape.by(linear, 0, kRows);
        then(y.data(), outputs, kRows, outputs);
        tamis::engine::Bytes prepared;
        tamis::engine::Bytes rows;
        tamis::engine::Floats floats;
        std::vector<float> expected(kRows * 5);
        tamis::engine::apply(next, y.data(), kRows, expected.data(), prepared, {});
        for (const bool split : {false, true}) {
          const tamis::engine::Team team{.split = split};
          const auto x = tamis::engine::prepare(linear, shape.x.data(), kRows, prepared);
          const auto between =
              tamis::engine::multiply_into(linear, x, kRows, then, next, rows, floats, team);
          std::vector<float> found(kRows * 5);
          tamis::engine::multiply(next, between, kRows, found.data(), team);
          INFO(kernels.name << ' ' << product.precision << " to " << reader->precision << ' '
                            << outputs << (split ? " shared" : ""));
          CHECK(found == expected);
        }
      }
    }
  });
}

TEST_CASE("columns in groups are the same columns, or rounded to bf16") {
  constexpr std::size_t kRows = 33;
  constexpr std::size_t kOutputs = 128;
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* product : products_of(*kernels)) {
      const Product shape(kRows, kOutputs, kInputs);
      const auto linear =
          tamis::engine::make_linear(*product, shape.weight, shape.bias, kOutputs, kInputs);
      const std::vector<float> expected = shape.by(linear, 0, kRows);
      tamis::engine::Bytes prepared;
      const auto x = tamis::engine::prepare(linear, shape.x.data(), kRows, prepared);
      const tamis::engine::ColumnGroups groups{kRows + 2, 32};
      for (const bool halves : {false, true}) {
        if (halves && (product->multiply_groups == nullptr || product->splits_inputs)) continue;
        tamis::engine::Bytes found((kRows + 2) * kOutputs * sizeof(float));
        tamis::engine::multiply_grouped(linear, x, kRows, found.data(), halves, groups, 2, {});
        std::size_t wrong = 0;
        for (std::size_t row = 0; row < kRows; ++row) {
          for (std::size_t column = 0; column < kOutputs; ++column) {
            const std::size_t at = groups.at(row + 2, column);
            const float value = expected[row * kOutputs + column];
            if (halves ? element<std::uint16_t>(found, at) != to_bf16(value)
                       : element<float>(found, at) != value) {
              ++wrong;
            }
          }
        }
        INFO(kernels->name << ' ' << product->precision << (halves ? " halves" : ""));
        CHECK(wrong == 0);
      }
    }
  }
}

TEST_CASE("inputs that are too many to stay in a cache change no bit") {
  constexpr std::size_t kRows = 76;
  const Product shape(kRows, 48, 14000);
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* product :
         {&kernels->fp32_layers, &kernels->bf16, &kernels->int8}) {
      const auto linear = tamis::engine::make_linear(*product, shape.weight, shape.bias,
                                                     shape.outputs, shape.inputs);
      const std::vector<float> together = shape.by(linear, 0, kRows);
      std::vector<float> alone;
      for (std::size_t row = 0; row < kRows; ++row) {
        const std::vector<float> one = shape.by(linear, row, 1);
        alone.insert(alone.end(), one.begin(), one.end());
      }
      INFO(kernels->name << ' ' << product->precision);
      CHECK(together == alone);
    }
  }
}
