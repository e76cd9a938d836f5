// score/engine/matrix.cpp
#include "score/engine/matrix.hpp"

#include <algorithm>
#include <utility>

namespace tamis::engine {

std::size_t packed_size(std::size_t outputs, std::size_t inputs, std::size_t panel) {
  return (outputs + panel - 1) / panel * panel * inputs;
}

void pack_panels(std::span<const float> rows, std::size_t outputs, std::size_t inputs,
                 std::size_t panel, float* panels) {
  // Blocks of inputs keep the lines of `panel` source rows in the cache while they are transposed.
  constexpr std::size_t kBlock = 64;
  for (std::size_t first = 0; first < outputs; first += panel) {
    const std::size_t width = std::min(panel, outputs - first);
    float* const out = panels + first * inputs;
    for (std::size_t block = 0; block < inputs; block += kBlock) {
      const std::size_t end = std::min(block + kBlock, inputs);
      for (std::size_t column = 0; column < width; ++column) {
        const float* const row = rows.data() + (first + column) * inputs;
        for (std::size_t k = block; k < end; ++k) out[k * panel + column] = row[k];
      }
      for (std::size_t column = width; column < panel; ++column) {
        for (std::size_t k = block; k < end; ++k) out[k * panel + column] = 0.0F;
      }
    }
  }
}

Linear make_linear(std::span<const float> weight, std::vector<float> bias, std::size_t outputs,
                   std::size_t inputs, std::size_t panel) {
  Linear linear{outputs, inputs, Floats(packed_size(outputs, inputs, panel)), std::move(bias)};
  pack_panels(weight, outputs, inputs, panel, linear.panels.data());
  return linear;
}

}  // namespace tamis::engine
