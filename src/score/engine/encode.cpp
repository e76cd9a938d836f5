// score/engine/encode.cpp: the layers, post-norm as in BERT (Devlin et al., NAACL 2019).
#include <algorithm>

#include <tamis/parallel.hpp>

#include "parallel/watch.hpp"
#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

// With fewer rows a core, the cores share the outputs of each product instead.
constexpr std::size_t kFewRows = 28;

/// Per thread: what a block of rows goes through between attention and the next layer.
struct Scratch {
  Floats residual;  ///< [block, hidden]
  Floats inner;     ///< [block, intermediate], where the rows cannot be prepared by columns
  Bytes prepared;
  Bytes inner_rows;
};

Scratch& scratch() {
  thread_local Scratch buffers;
  return buffers;
}

constexpr std::size_t round_up(std::size_t n, std::size_t unit) {
  return (n + unit - 1) / unit * unit;
}

/// Calls work(begin, end, team) for blocks of rows. A split team takes blocks in turn, or, when
/// there are few rows, shares each of them.
template <typename Work>
void by_blocks(const Team& team, std::size_t rows, const Product& product, Work&& work) {
  const std::size_t sharers = team.split ? num_threads() : 1;
  const bool few = rows < sharers * kFewRows;
  const std::size_t least = few ? 1 : sharers;
  const std::size_t most = product.block_rows;
  const std::size_t blocks = std::max((rows + most - 1) / most, least);
  // As even as whole tiles allow; where the cores wait for each other, quite even.
  const std::size_t size =
      round_up((rows + blocks - 1) / blocks, team.split ? 1 : product.tile_rows);
  const Team inner{.split = team.split && few};
  const Team outer{.split = team.split && !few};
  outer.ranges(rows, size, [&](std::size_t begin, std::size_t end) {
    checkpoint();
    work(begin, end, inner);
  });
}

/// What `reader` reads the results of.
Pointwise activation_of(const EncoderWeights& weights, const Product& reader) {
  switch (weights.config.activation) {
    case HiddenActivation::gelu_erf:
      return reader.rounds_inputs() ? weights.kernels->gelu_erf_near : weights.kernels->gelu_erf;
    case HiddenActivation::gelu_tanh:
      return weights.kernels->gelu_tanh;
    case HiddenActivation::relu:
      return weights.kernels->relu;
    case HiddenActivation::silu:
      return weights.kernels->silu;
  }
  return weights.kernels->gelu_erf;
}

/// x = norm(x + y), row by row.
void add_and_norm(const EncoderWeights& weights, const Norm& norm, const Floats& y, float* x,
                  std::size_t rows) {
  const std::size_t width = weights.config.hidden_size;
  for (std::size_t row = 0; row < rows; ++row) {
    float* const at = x + row * width;
    weights.kernels->layer_norm(at, y.data() + row * width, norm.gain.data(), norm.shift.data(),
                                weights.config.layer_norm_eps, at, width);
  }
}

/// From the context of attention to the layer's output, for a block of rows.
void finish_block(const EncoderWeights& weights, const LayerWeights& layer, const float* context,
                  float* hidden, std::size_t rows, const Team& team) {
  Scratch& own = scratch();
  own.residual.resize(std::max(own.residual.size(), rows * weights.config.hidden_size));
  apply(layer.attention_output, context, rows, own.residual.data(), own.prepared, team);
  add_and_norm(weights, layer.attention_norm, own.residual, hidden, rows);
  prepare(layer.inner, hidden, rows, own.prepared);
  multiply_into(layer.inner, own.prepared, rows, activation_of(weights, *layer.outer.product),
                layer.outer, own.inner_rows, own.inner, team);
  multiply(layer.outer, own.inner_rows, rows, own.residual.data(), team);
  add_and_norm(weights, layer.output_norm, own.residual, hidden, rows);
}

}  // namespace

void project_tokens(const LayerWeights& layer, std::size_t rows, Workspace& workspace,
                    const Team& team) {
  const std::size_t width = layer.query.inputs;
  workspace.queries.resize(rows * width);
  workspace.key_values.resize(rows * 2 * width);
  by_blocks(team, rows, *layer.query.product,
            [&](std::size_t begin, std::size_t end, const Team& inner) {
              Bytes& prepared = scratch().prepared;  // both read the same rows
              prepare(layer.query, workspace.hidden.data() + begin * width, end - begin, prepared);
              multiply(layer.key_value, prepared, end - begin,
                       workspace.key_values.data() + begin * 2 * width, inner);
              multiply(layer.query, prepared, end - begin, workspace.queries.data() + begin * width,
                       inner);
            });
}

void finish_layer(const EncoderWeights& weights, const LayerWeights& layer, std::size_t rows,
                  Workspace& workspace, const Team& team) {
  const std::size_t width = weights.config.hidden_size;
  by_blocks(team, rows, *layer.query.product,
            [&](std::size_t begin, std::size_t end, const Team& inner) {
              finish_block(weights, layer, workspace.context.data() + begin * width,
                           workspace.hidden.data() + begin * width, end - begin, inner);
            });
}

void run_layers(const EncoderWeights& weights, std::span<const LayerWeights> layers,
                const PackedBatch& batch, Workspace& workspace, const Team& team) {
  std::size_t rows = batch.tokens();
  for (const LayerWeights& layer : layers) {
    if (layer.key_value.outputs != 0) {
      project_tokens(layer, rows, workspace, team);
      attend(weights, layer, batch, workspace, team);
    } else {  // the last layer's other tokens reach no logit
      attend_first_tokens(weights, layer, batch, workspace, team);
      rows = batch.pairs();
    }
    finish_layer(weights, layer, rows, workspace, team);
  }
}

}  // namespace tamis::engine
