// The matrix product of every instruction set that this processor runs.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "score/products.hpp"
#include "support/catch.hpp"

using test::all_kernels;
using test::Kernels;
using test::kInputs;
using test::Product;
using test::products_of;
using test::random_floats;

namespace {

/// Relative to the sum of the magnitudes of all terms. Of int8 half a level of either factor's
/// largest, which the term need not be.
double tolerance(const tamis::engine::Product& product) {
  const std::string precision = product.precision;
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
            Product product(m, n, k);
            if (arithmetic == &kernels->fp32_of_int8) product.make_int8();
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

/// Of every row the largest input and of every output the largest weight.
std::vector<double> largest_of_rows(const std::vector<float>& rows, std::size_t width) {
  std::vector<double> largest(rows.size() / width);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    largest[i / width] = std::max(largest[i / width], std::abs(static_cast<double>(rows[i])));
  }
  return largest;
}

TEST_CASE("digits leave out no more than they say") {
  for (const std::size_t k : {1, 64, 700, 4099}) {
    for (const float outlier : {1.0F, 1e4F}) {
      for (const bool of_int8 : {false, true}) {
        Product product(19, 35, k);
        if (of_int8) product.make_int8();
        for (std::size_t i = 0; i < product.x.size(); i += k) product.x[i + i % k] *= outlier;
        for (float& shift : product.bias) shift = 0;
        const auto inputs = largest_of_rows(product.x, k);
        const auto weights = largest_of_rows(product.weight, k);
        for (const Kernels* kernels : all_kernels()) {
          if (kernels->fp32_layers.reads_floats()) continue;
          const auto y = product.by(of_int8 ? kernels->fp32_of_int8 : kernels->fp32_layers);
          for (std::size_t i = 0; i < y.size(); ++i) {
            double sum = 0;
            for (std::size_t j = 0; j < k; ++j) {
              sum += static_cast<double>(product.x[i / 35 * k + j]) *
                     static_cast<double>(product.weight[i % 35 * k + j]);
            }
            // Of int8 half a unit of the row's last digit is all that is lost.
            const double bound = std::exp2(of_int8 ? -23.9 : -22.3) * static_cast<double>(k) *
                                 inputs[i / 35] * weights[i % 35];
            const double rounding = 0x1p-21 * std::abs(sum);
            if (!(std::abs(static_cast<double>(y[i]) - sum) <= bound + rounding)) {
              FAIL(kernels->name << " inputs " << k << (of_int8 ? " int8" : "") << " element "
                                 << i);
            }
          }
        }
      }
    }
  }
}

/// Rows of which all elements are one digit: `scale` times 1 to 127, or that with a minus. Element
/// `most` is what makes the row's scale 1, and `none` is 0.
std::vector<float> rows_of_digit(std::size_t rows, std::size_t inputs, int scale, std::size_t most,
                                 std::size_t none) {
  std::mt19937 random(static_cast<unsigned>(scale) + 1);
  std::vector<float> values(rows * inputs);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int digit = static_cast<int>(random() % 127) + 1;
    const bool minus = i / inputs % 2 != 0;
    values[i] = static_cast<float>((minus ? -digit : digit) * scale);
    if (i % inputs == most) values[i] = 127 * 65536;
    if (i % inputs == none) values[i] = 0;
  }
  return values;
}

TEST_CASE("every product of two digits is there but that of the last ones") {
  constexpr int kUnits[] = {65536, 256, 1};
  for (const std::size_t k : {3, 64, 700, 4099}) {
    Product product(19, 35, k);
    for (float& shift : product.bias) shift = 0;
    for (const int rows_of : kUnits) {
      for (const int weights_of : kUnits) {
        product.x = rows_of_digit(19, k, rows_of, 0, k - 1);
        product.weight = rows_of_digit(35, k, weights_of, k - 1, 0);
        const bool made = rows_of != 1 || weights_of != 1;
        for (const Kernels* kernels : all_kernels()) {
          if (kernels->fp32_layers.reads_floats()) continue;
          const auto y = product.by(kernels->fp32_layers);
          for (std::size_t i = 0; i < y.size(); ++i) {
            double sum = 0;
            for (std::size_t j = 0; made && j < k; ++j) {
              sum += static_cast<double>(product.x[i / 35 * k + j]) *
                     static_cast<double>(product.weight[i % 35 * k + j]);
            }
            if (std::abs(static_cast<double>(y[i]) - sum) > 1e-6 * std::abs(sum)) {
              FAIL(kernels->name << " inputs " << k << ", digits of " << rows_of << " and "
                                 << weights_of << ", element " << i);
            }
          }
        }
      }
    }
  }
}

TEST_CASE("rows of digits with what is not finite, nothing, or hardly anything") {
  constexpr std::size_t kWide = 70;
  for (const Kernels* kernels : all_kernels()) {
    const auto& product = kernels->fp32_layers;
    const auto linear = tamis::engine::make_linear(product, random_floats(kWide * 3, 1),
                                                   std::vector{1.0F, 2.0F, 3.0F}, 3, kWide);
    tamis::engine::Bytes prepared;
    const auto results = [&](std::size_t at, float value) {
      std::vector<float> x(kWide);
      x[at] = value;
      std::vector<float> y(3);
      tamis::engine::apply(linear, x.data(), 1, y.data(), prepared, {});
      return y;
    };
    for (const std::size_t at : {0U, 63U, 69U}) {
      for (const float y : results(at, std::numeric_limits<float>::quiet_NaN())) {
        CHECK(std::isnan(y));
      }
      for (const float y : results(at, -std::numeric_limits<float>::infinity())) {
        CHECK_FALSE(std::isfinite(y));
      }
      for (const float nothing : {0.0F, -0.0F, 1e-31F, 1e-44F}) {
        CHECK(results(at, nothing) == std::vector{1.0F, 2.0F, 3.0F});
      }
    }
  }
}

/// Levels of int8, so that no rounding is in doubt: random ones, or the largest sums there are,
/// which no intermediate may saturate. Each row has a level of 127 and one of -127.
void make_whole(std::vector<float>& rows, std::size_t inputs, bool extreme) {
  std::mt19937 random(static_cast<unsigned>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto level = static_cast<float>(static_cast<int>(random() % 255) - 127);
    const float most = i / inputs % 2 != 0 ? 127.0F : -127.0F;
    const float end = i % inputs == 0 ? most : -most;
    rows[i] = (extreme ? most : i % inputs < 2 ? end : level) * 0.25F;
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
