// score/engine/linear.cpp
#include "score/engine/linear.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>

#include "parallel/watch.hpp"

namespace tamis::engine {
namespace {

// Panels whose outputs are still in the first-level cache when they are read again.
constexpr std::size_t kPanelsTogether = 2;
// Pieces of a product that the threads of a split team share.
constexpr std::size_t kPanelsPerPiece = 4;
// Rows that a multiple of it lies between fall on the same few lines of the first-level cache.
constexpr std::size_t kCrowding = 2048;
// Inputs that every format prepares without a thought for what is behind them.
constexpr std::size_t kWholeInputs = 64;

const std::byte* panels_from(const Linear& linear, std::size_t first) {
  const Product& product = *linear.product;
  return linear.panels.data() + first / product.panel * product.panel_bytes(linear.inputs);
}

/// Outputs [first, last) of y, rows of which are `stride` floats apart.
void multiply_columns(const Linear& linear, const InputRows& x, std::size_t rows, float* y,
                      std::size_t stride, std::size_t first, std::size_t last) {
  linear.product->multiply(x, rows, panels_from(linear, first), last - first, linear.inputs, y,
                           stride);
}

/// Calls work(first, last) for pieces of the outputs.
template <typename Work>
void by_outputs(const Linear& linear, const Team& team, Work&& work) {
  if (!team.split) return work(std::size_t{0}, linear.outputs);
  // The caller may score something else when it is asked, and this thread's buffers are in use.
  const WorkingFor nobody(nullptr);
  team.ranges(linear.outputs, kPanelsPerPiece * linear.product->panel, work);
}

/// `then` of outputs [first, last) into rows of floats, `stride` apart.
void into_floats(const Linear& linear, const InputRows& x, std::size_t rows, Pointwise then,
                 float* floats, std::size_t stride, std::size_t first, std::size_t last) {
  if (linear.product->multiply_apply != nullptr) {
    return linear.product->multiply_apply(x, rows, panels_from(linear, first), last - first,
                                          linear.inputs, then, floats + first, stride);
  }
  const std::size_t wide = kPanelsTogether * linear.product->panel;
  for (; first < last; first += wide) {
    const std::size_t end = std::min(first + wide, last);
    multiply_columns(linear, x, rows, floats + first, stride, first, end);
    then(floats + first, stride, rows, end - first);
  }
}

/// `then` of outputs [first, last) into prepared rows: at once, or by way of a block of columns.
void into_rows(const Linear& linear, const InputRows& x, std::size_t rows, Pointwise then,
               const Product& next, std::size_t row_bytes, std::byte* out, std::size_t first,
               std::size_t last) {
  if (linear.product->multiply_then != nullptr && linear.product == &next) {
    return next.multiply_then(x, rows, panels_from(linear, first), last - first, linear.inputs,
                              then, out + first * next.input_bytes, row_bytes);
  }
  thread_local Floats block;
  const std::size_t wide = kPanelsTogether * linear.product->panel;
  if (block.size() < rows * wide) block.resize(rows * wide);
  for (; first < last; first += wide) {
    const std::size_t count = std::min(wide, last - first);
    multiply_columns(linear, x, rows, block.data(), wide, first, first + count);
    then(block.data(), wide, rows, count);
    next.prepare(block.data(), wide, rows, count, out + first * next.input_bytes, row_bytes);
  }
}

}  // namespace

std::size_t packed_bytes(const Product& product, std::size_t outputs, std::size_t inputs) {
  return (outputs + product.panel - 1) / product.panel * product.panel_bytes(inputs);
}

MatrixView row_major(std::span<const float> weight, std::size_t outputs, std::size_t inputs) {
  return {weight.data(), outputs, inputs, inputs, 1};
}

Linear make_linear(const Product& product, const MatrixView& weight, std::span<const float> bias,
                   Panels panels) {
  Linear linear{&product, weight.outputs, weight.inputs, std::move(panels)};
  product.pack(weight, bias.empty() ? nullptr : bias.data(), linear.panels.data());
  return linear;
}

Linear make_linear(const Product& product, const MatrixView& weight, std::span<const float> bias) {
  return make_linear(product, weight, bias,
                     Panels(packed_bytes(product, weight.outputs, weight.inputs)));
}

Linear make_linear(const Product& product, std::span<const float> weight,
                   std::span<const float> bias, std::size_t outputs, std::size_t inputs) {
  return make_linear(product, row_major(weight, outputs, inputs), bias);
}

void reserve_rows(const Product& product, std::size_t rows, std::size_t inputs, Bytes& prepared) {
  const std::size_t bytes = readable_rows(rows) * product.row_bytes(inputs);
  if (prepared.size() < bytes) prepared.resize(bytes);
}

InputRows place_rows(const Linear& linear, const float* x, std::size_t rows, Bytes& prepared) {
  const std::size_t bytes = linear.inputs * sizeof(float);
  if (linear.product->reads_floats() && bytes % kCrowding != 0) {
    return {reinterpret_cast<const std::byte*>(x), bytes};
  }
  reserve_rows(*linear.product, rows, linear.inputs, prepared);
  return {prepared.data(), linear.product->row_bytes(linear.inputs)};
}

void prepare_row(const Linear& linear, const float* x, std::size_t row, const InputRows& place,
                 Bytes& prepared) {
  if (place.data != prepared.data()) return;
  linear.product->prepare(x + row * linear.inputs, linear.inputs, 1, linear.inputs,
                          prepared.data() + row * place.stride, place.stride);
}

InputRows prepare(const Linear& linear, const float* x, std::size_t rows, Bytes& prepared) {
  const InputRows place = place_rows(linear, x, rows, prepared);
  if (place.data == prepared.data()) {
    linear.product->prepare(x, linear.inputs, rows, linear.inputs, prepared.data(), place.stride);
  }
  return place;
}

void multiply(const Linear& linear, const InputRows& x, std::size_t rows, float* y,
              const Team& team) {
  by_outputs(linear, team, [&](std::size_t first, std::size_t last) {
    multiply_columns(linear, x, rows, y + first, linear.outputs, first, last);
  });
}

void multiply_grouped(const Linear& linear, const InputRows& x, std::size_t rows, std::byte* y,
                      bool halves, const ColumnGroups& groups, std::size_t row, const Team& team) {
  by_outputs(linear, team, [&](std::size_t first, std::size_t last) {
    assert(!halves ||
           (linear.product->multiply_groups != nullptr && linear.product->rounds_inputs()));
    if (linear.product->multiply_groups != nullptr) {
      const std::size_t element = halves ? sizeof(std::uint16_t) : sizeof(float);
      return linear.product->multiply_groups(
          x, rows, panels_from(linear, first), last - first, linear.inputs,
          {halves, y + groups.at(row, 0) * element, groups.width * element, groups.width,
           groups.at(0, groups.width) * element, first});
    }
    while (first < last) {
      const std::size_t end = std::min(last, (first / groups.width + 1) * groups.width);
      multiply_columns(linear, x, rows, reinterpret_cast<float*>(y) + groups.at(row, first),
                       groups.width, first, end);
      first = end;
    }
  });
}

void apply(const Linear& linear, const float* x, std::size_t rows, float* y, Bytes& prepared,
           const Team& team) {
  multiply(linear, prepare(linear, x, rows, prepared), rows, y, team);
}

void apply_strided(const Linear& linear, const float* x, std::size_t x_stride, std::size_t rows,
                   float* y, std::size_t y_stride, Bytes& prepared) {
  const std::size_t bytes = linear.product->row_bytes(linear.inputs);
  reserve_rows(*linear.product, rows, linear.inputs, prepared);
  linear.product->prepare(x, x_stride, rows, linear.inputs, prepared.data(), bytes);
  multiply_columns(linear, {prepared.data(), bytes}, rows, y, y_stride, 0, linear.outputs);
}

InputRows multiply_into(const Linear& linear, const InputRows& x, std::size_t rows, Pointwise then,
                        const Linear& next, Bytes& next_rows, Floats& floats, const Team& team) {
  const Product& reader = *next.product;
  if (reader.input_bytes == 0 || linear.outputs % kWholeInputs != 0) {
    floats.resize(rows * linear.outputs);
    by_outputs(linear, team, [&](std::size_t first, std::size_t last) {
      into_floats(linear, x, rows, then, floats.data(), linear.outputs, first, last);
    });
    return prepare(next, floats.data(), rows, next_rows);
  }
  reserve_rows(reader, rows, next.inputs, next_rows);
  const std::size_t row_bytes = reader.row_bytes(next.inputs);
  by_outputs(linear, team, [&](std::size_t first, std::size_t last) {
    if (!reader.reads_floats()) {
      into_rows(linear, x, rows, then, reader, row_bytes, next_rows.data(), first, last);
    } else {  // a prepared row is a row of floats
      into_floats(linear, x, rows, then, reinterpret_cast<float*>(next_rows.data()),
                  row_bytes / sizeof(float), first, last);
    }
  });
  return {next_rows.data(), row_bytes};
}

}  // namespace tamis::engine
