// score/engine/matrix.hpp: a linear layer's weights, packed for the kernels.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "score/engine/aligned.hpp"
#include "score/engine/kernels.hpp"

namespace tamis::engine {

/// y = x W^T + b with W [outputs, inputs]. Packed: panels of `panel` outputs, each [inputs, panel].
struct Linear {
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  Floats panels;
  std::vector<float> bias;  ///< empty: none
};

/// Packs `rows` (row-major [outputs, inputs]) into `panels` of the given width.
void pack_panels(std::span<const float> rows, std::size_t outputs, std::size_t inputs,
                 std::size_t panel, float* panels);

/// Floats that pack_panels writes.
[[nodiscard]] std::size_t packed_size(std::size_t outputs, std::size_t inputs, std::size_t panel);

/// `weight` is row-major [outputs, inputs].
[[nodiscard]] Linear make_linear(std::span<const float> weight, std::vector<float> bias,
                                 std::size_t outputs, std::size_t inputs, std::size_t panel);

}  // namespace tamis::engine
