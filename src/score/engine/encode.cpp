// score/engine/encode.cpp: the layers, post-norm as in BERT (Devlin et al., NAACL 2019).
#include <algorithm>
#include <utility>

#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

// Rows of x that stay in the cache while all panels of a weight pass by.
constexpr std::size_t kRows = 96;
// When one micro-batch has the machine to itself, columns are split too.
constexpr std::size_t kPanelsPerPiece = 8;

using Pointwise = void (*)(float*, std::size_t);

Pointwise activation_of(const EncoderWeights& weights) {
  switch (weights.config.activation) {
    case HiddenActivation::gelu_erf:
      return weights.kernels->gelu_erf;
    case HiddenActivation::gelu_tanh:
      return weights.kernels->gelu_tanh;
    case HiddenActivation::relu:
      return weights.kernels->relu;
    case HiddenActivation::silu:
      return weights.kernels->silu;
  }
  return weights.kernels->gelu_erf;
}

/// y[row, column] for a block of rows and of panels; `then` is applied to what was written.
void linear_block(const Kernels& kernels, const Linear& linear, const float* x, float* y,
                  std::pair<std::size_t, std::size_t> rows,
                  std::pair<std::size_t, std::size_t> columns, Pointwise then) {
  const std::size_t count = columns.second - columns.first;
  float* const out = y + rows.first * linear.outputs + columns.first;
  kernels.gemm(x + rows.first * linear.inputs, linear.inputs,
               linear.panels.data() + columns.first * linear.inputs,
               linear.bias.empty() ? nullptr : linear.bias.data() + columns.first, out,
               linear.outputs, rows.second - rows.first, count, linear.inputs);
  if (then == nullptr) return;
  for (std::size_t row = 0; row < rows.second - rows.first; ++row) {
    then(out + row * linear.outputs, count);
  }
}

void linear_then(const Kernels& kernels, const Linear& linear, const float* x, std::size_t rows,
                 float* y, Pointwise then, const Team& team) {
  const std::size_t wide =
      team.split ? kPanelsPerPiece * kernels.panel : std::max<std::size_t>(1, linear.outputs);
  const std::size_t column_pieces = (linear.outputs + wide - 1) / wide;
  const std::size_t row_pieces = (rows + kRows - 1) / kRows;
  team.run(row_pieces * column_pieces, [&](std::size_t piece) {
    const std::size_t row = piece / column_pieces * kRows;
    const std::size_t column = piece % column_pieces * wide;
    linear_block(kernels, linear, x, y, {row, std::min(row + kRows, rows)},
                 {column, std::min(column + wide, linear.outputs)}, then);
  });
}

/// x = norm(x + y), row by row.
void add_and_norm(const EncoderWeights& weights, const Norm& norm, const Floats& y, Floats& x,
                  std::size_t rows, const Team& team) {
  const std::size_t width = weights.config.hidden_size;
  team.ranges(rows, kRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      float* const at = x.data() + row * width;
      weights.kernels->layer_norm(at, y.data() + row * width, norm.gain.data(), norm.shift.data(),
                                  weights.config.layer_norm_eps, at, width);
    }
  });
}

void feed_forward(const EncoderWeights& weights, const LayerWeights& layer, Workspace& workspace,
                  std::size_t rows, const Team& team) {
  workspace.inner.resize(rows * weights.config.intermediate_size);
  workspace.residual.resize(rows * weights.config.hidden_size);
  linear_then(*weights.kernels, layer.inner, workspace.hidden.data(), rows, workspace.inner.data(),
              activation_of(weights), team);
  apply_linear(*weights.kernels, layer.outer, workspace.inner.data(), rows,
               workspace.residual.data(), team);
  add_and_norm(weights, layer.output_norm, workspace.residual, workspace.hidden, rows, team);
}

}  // namespace

void apply_linear(const Kernels& kernels, const Linear& linear, const float* x, std::size_t rows,
                  float* y, const Team& team) {
  linear_then(kernels, linear, x, rows, y, nullptr, team);
}

void encode(const EncoderWeights& weights, const PackedBatch& batch, Workspace& workspace,
            const Team& team) {
  embed(weights, batch, workspace, team);
  const std::size_t rows = batch.tokens();
  for (const LayerWeights& layer : weights.layers) {
    workspace.projected.resize(rows * 3 * weights.config.hidden_size);
    apply_linear(*weights.kernels, layer.query_key_value, workspace.hidden.data(), rows,
                 workspace.projected.data(), team);
    attend(weights, layer, batch, workspace, team);
    workspace.residual.resize(rows * weights.config.hidden_size);
    apply_linear(*weights.kernels, layer.attention_output, workspace.context.data(), rows,
                 workspace.residual.data(), team);
    add_and_norm(weights, layer.attention_norm, workspace.residual, workspace.hidden, rows, team);
    feed_forward(weights, layer, workspace, rows, team);
  }
}

}  // namespace tamis::engine
