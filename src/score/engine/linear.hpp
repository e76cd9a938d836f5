// score/engine/linear.hpp: a linear layer's weights, packed for one precision's product.
#pragma once

#include <cstddef>
#include <span>

#include "score/engine/aligned.hpp"
#include "score/engine/kernels.hpp"
#include "score/engine/team.hpp"

namespace tamis::engine {

/// y = x W^T + b with W [outputs, inputs].
struct Linear {
  const Product* product = nullptr;
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  Bytes panels;
};

/// `weight` is row-major [outputs, inputs]; `bias` [outputs], or empty: none.
[[nodiscard]] Linear make_linear(const Product& product, std::span<const float> weight,
                                 std::span<const float> bias, std::size_t outputs,
                                 std::size_t inputs);

/// Bytes of all panels.
[[nodiscard]] std::size_t packed_bytes(const Product& product, std::size_t outputs,
                                       std::size_t inputs);

/// Makes room for `rows` prepared rows.
void reserve_rows(const Product& product, std::size_t rows, std::size_t inputs, Bytes& prepared);

/// y[rows, outputs] = then(x W^T + b); rows of x and y are `inputs` and `outputs` floats apart.
/// `prepared`: scratch. `then` may be null. A split team shares the outputs.
void apply(const Linear& linear, const float* x, std::size_t rows, float* y, Pointwise then,
           Bytes& prepared, const Team& team);

}  // namespace tamis::engine
