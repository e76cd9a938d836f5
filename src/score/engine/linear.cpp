// score/engine/linear.cpp
#include "score/engine/linear.hpp"

#include <algorithm>

namespace tamis::engine {
namespace {

// Outputs that a `then` is applied to while they are still in the first-level cache.
constexpr std::size_t kPanelsTogether = 2;
// Pieces of a product that the threads of a split team share.
constexpr std::size_t kPanelsPerPiece = 4;

/// Outputs [first, last) of y.
void multiply_columns(const Linear& linear, const Bytes& prepared, std::size_t rows, float* y,
                      Pointwise then, std::size_t first, std::size_t last) {
  const Product& product = *linear.product;
  const std::size_t panel_bytes = product.panel_bytes(linear.inputs);
  const std::size_t wide = then == nullptr ? last - first : kPanelsTogether * product.panel;
  for (; first < last; first += wide) {
    const std::size_t count = std::min(wide, last - first);
    product.multiply(prepared.data(), rows,
                     linear.panels.data() + first / product.panel * panel_bytes, count,
                     linear.inputs, y + first, linear.outputs);
    if (then != nullptr) then(y + first, linear.outputs, rows, count);
  }
}

}  // namespace

std::size_t packed_bytes(const Product& product, std::size_t outputs, std::size_t inputs) {
  return (outputs + product.panel - 1) / product.panel * product.panel_bytes(inputs);
}

Linear make_linear(const Product& product, std::span<const float> weight,
                   std::span<const float> bias, std::size_t outputs, std::size_t inputs) {
  Linear linear{&product, outputs, inputs, Bytes(packed_bytes(product, outputs, inputs))};
  product.pack({weight.data(), outputs, inputs, inputs, 1}, bias.empty() ? nullptr : bias.data(),
               linear.panels.data());
  return linear;
}

void reserve_rows(const Product& product, std::size_t rows, std::size_t inputs, Bytes& prepared) {
  const std::size_t bytes = readable_rows(rows) * product.row_bytes(inputs);
  if (prepared.size() < bytes) prepared.resize(bytes);
}

void apply(const Linear& linear, const float* x, std::size_t rows, float* y, Pointwise then,
           Bytes& prepared, const Team& team) {
  const Product& product = *linear.product;
  reserve_rows(product, rows, linear.inputs, prepared);
  product.prepare(x, linear.inputs, rows, linear.inputs, prepared.data());
  const std::size_t step = kPanelsPerPiece * product.panel;
  if (!team.split) {
    multiply_columns(linear, prepared, rows, y, then, 0, linear.outputs);
    return;
  }
  team.ranges(linear.outputs, step, [&](std::size_t first, std::size_t last) {
    multiply_columns(linear, prepared, rows, y, then, first, last);
  });
}

}  // namespace tamis::engine
