// Products that do more than multiply, and shapes that do not fit into a cache.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "score/products.hpp"
#include "support/catch.hpp"

using test::all_kernels;
using test::each_activation;
using test::Kernels;
using test::kInputs;
using test::Product;
using test::products_of;

namespace {

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

/// Elements in groups of 32 columns that are not those of `expected`, rounded to bf16 or not.
std::size_t wrong_in_groups(const tamis::engine::Linear& linear, const Product& shape,
                            const std::vector<float>& expected, bool halves) {
  tamis::engine::Bytes prepared;
  const auto x = tamis::engine::prepare(linear, shape.x.data(), shape.rows, prepared);
  const tamis::engine::ColumnGroups groups{shape.rows + 2, 32};
  tamis::engine::Bytes found((shape.rows + 2) * shape.outputs * sizeof(float));
  tamis::engine::multiply_grouped(linear, x, shape.rows, found.data(), halves, groups, 2, {});
  std::size_t wrong = 0;
  for (std::size_t row = 0; row < shape.rows; ++row) {
    for (std::size_t column = 0; column < shape.outputs; ++column) {
      const std::size_t at = groups.at(row + 2, column);
      const float value = expected[row * shape.outputs + column];
      const bool same = halves ? element<std::uint16_t>(found, at) == to_bf16(value)
                               : element<float>(found, at) == value;
      wrong += same ? 0 : 1;
    }
  }
  return wrong;
}

}  // namespace

TEST_CASE("a product, its activation and the next rows at once are what they are one by one") {
  constexpr std::size_t kOutputs = 128;
  each_activation([&](const Kernels& kernels, const tamis::engine::Product& product,
                      tamis::engine::Pointwise then) {
    if (product.multiply_then == nullptr) return;
    for (const std::size_t rows : {1, 16, 31, 64, 70, 300}) {
      const std::size_t inputs = rows < 300 ? kInputs : 900;
      const Product shape(rows, kOutputs, inputs);
      const auto linear =
          tamis::engine::make_linear(product, shape.weight, shape.bias, kOutputs, inputs);
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
      product.multiply_then(x, rows, linear.panels.data(), kOutputs, inputs, then, found.data(),
                            stride);
      INFO(kernels.name << ' ' << product.precision << ' ' << rows << " rows");
      CHECK(found == expected);
    }
  });
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
  // Then blocks and parts of several kinds, and inputs that go in stretches.
  for (const auto& [rows, outputs, inputs] :
       {std::array<std::size_t, 3>{33, 128, kInputs}, {300, 96, 900}, {76, 64, 14000}}) {
    const Product shape(rows, outputs, inputs);
    for (const Kernels* kernels : all_kernels()) {
      for (const tamis::engine::Product* product : products_of(*kernels)) {
        if (inputs > 900 && product->multiply_groups == nullptr) continue;
        const auto linear =
            tamis::engine::make_linear(*product, shape.weight, shape.bias, outputs, inputs);
        const std::vector<float> expected = shape.by(linear, 0, rows);
        for (const bool halves : {false, true}) {
          if (halves && (product->multiply_groups == nullptr || !product->rounds_inputs()))
            continue;
          INFO(kernels->name << ' ' << product->precision << ' ' << inputs
                             << (halves ? " halves" : ""));
          CHECK(wrong_in_groups(linear, shape, expected, halves) == 0);
        }
      }
    }
  }
}

TEST_CASE("inputs that are too many to stay in a cache change no bit") {
  constexpr std::size_t kRows = 76;
  const Product shape(kRows, 48, 14000);
  for (const Kernels* kernels : all_kernels()) {
    for (const tamis::engine::Product* product :
         {&kernels->fp32_layers, &kernels->fp32_of_int8, &kernels->bf16, &kernels->int8}) {
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
