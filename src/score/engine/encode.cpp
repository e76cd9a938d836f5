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

/// x = norm(x + y), row by row, as the rows that `reader` reads (null: nobody reads them now): each
/// is prepared while it is in the first-level cache.
InputRows add_and_norm(const EncoderWeights& weights, const Norm& norm, const Floats& y, float* x,
                       std::size_t rows, const Linear* reader, Bytes& prepared) {
  const std::size_t width = weights.config.hidden_size;
  InputRows place{reinterpret_cast<const std::byte*>(x), width * sizeof(float)};
  if (reader != nullptr) place = place_rows(*reader, x, rows, prepared);
  for (std::size_t row = 0; row < rows; ++row) {
    float* const at = x + row * width;
    weights.kernels->layer_norm(at, y.data() + row * width, norm.gain.data(), norm.shift.data(),
                                weights.config.layer_norm_eps, at, width);
    if (reader != nullptr) prepare_row(*reader, x, row, place, prepared);
  }
  return place;
}

/// From the context of attention to the layer's output, for a block of rows, as `reader` reads it.
InputRows finish_block(const EncoderWeights& weights, const LayerWeights& layer,
                       const float* context, float* hidden, std::size_t rows, const Linear* reader,
                       const Team& team) {
  Scratch& own = scratch();
  own.residual.resize(std::max(own.residual.size(), rows * weights.config.hidden_size));
  apply(layer.attention_output, context, rows, own.residual.data(), own.prepared, team);
  const InputRows attended = add_and_norm(weights, layer.attention_norm, own.residual, hidden, rows,
                                          &layer.inner, own.prepared);
  const InputRows inner =
      multiply_into(layer.inner, attended, rows, activation_of(weights, *layer.outer.product),
                    layer.outer, own.inner_rows, own.inner, team);
  multiply(layer.outer, inner, rows, own.residual.data(), team);
  return add_and_norm(weights, layer.output_norm, own.residual, hidden, rows, reader, own.prepared);
}

/// Makes room for the queries, keys and values of `rows` tokens.
void reserve_projections(const EncoderWeights& weights, std::size_t rows, Workspace& workspace) {
  const std::size_t bytes = weights.config.hidden_size * sizeof(float);
  workspace.queries.resize(rows * bytes);
  workspace.key_values.resize((rows + readable_keys(1)) * 2 * bytes);
}

/// Rows [begin, end) of the queries, keys and values, of the hidden states x. They were prepared
/// for `query`; `key_value`, of the same product and inputs, reads the same rows.
void project_block(const EncoderWeights& weights, const LayerWeights& layer, const InputRows& x,
                   std::size_t tokens, std::size_t begin, std::size_t end, Workspace& workspace,
                   const Team& team) {
  const bool halves = keeps_halves(weights, layer);
  // In the order in which the weights lie: what comes next is fetched.
  multiply_grouped(layer.query, x, end - begin, workspace.queries.data(), halves,
                   query_groups(weights, layer, tokens), begin, team);
  multiply_grouped(layer.key_value, x, end - begin, workspace.key_values.data(), halves,
                   key_value_groups(weights, layer, tokens), begin, team);
}

/// Whether a layer has keys and values of all tokens.
bool reads_all_tokens(const LayerWeights& layer) { return layer.key_value.outputs != 0; }

}  // namespace

void project_tokens(const EncoderWeights& weights, const LayerWeights& layer, std::size_t rows,
                    Workspace& workspace, const Team& team) {
  const std::size_t width = weights.config.hidden_size;
  reserve_projections(weights, rows, workspace);
  by_blocks(team, rows, *layer.query.product,
            [&](std::size_t begin, std::size_t end, const Team& inner) {
              const InputRows x = prepare(layer.query, workspace.hidden.data() + begin * width,
                                          end - begin, scratch().prepared);
              project_block(weights, layer, x, rows, begin, end, workspace, inner);
            });
}

void finish_layer(const EncoderWeights& weights, const LayerWeights& layer,
                  const LayerWeights* next, std::size_t rows, Workspace& workspace,
                  const Team& team) {
  const std::size_t width = weights.config.hidden_size;
  if (next != nullptr) reserve_projections(weights, rows, workspace);
  by_blocks(
      team, rows, *layer.query.product, [&](std::size_t begin, std::size_t end, const Team& inner) {
        const InputRows x = finish_block(weights, layer, workspace.context.data() + begin * width,
                                         workspace.hidden.data() + begin * width, end - begin,
                                         next != nullptr ? &next->query : nullptr, inner);
        if (next == nullptr) return;
        project_block(weights, *next, x, rows, begin, end, workspace, inner);
      });
}

void run_layers(const EncoderWeights& weights, std::span<const LayerWeights> layers,
                const PackedBatch& batch, Workspace& workspace, const Team& team) {
  std::size_t rows = batch.tokens();
  if (!layers.empty() && reads_all_tokens(layers.front())) {
    project_tokens(weights, layers.front(), rows, workspace, team);
  }
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (reads_all_tokens(layers[i])) {
      attend(weights, layers[i], batch, workspace, team);
    } else {  // the last layer's other tokens reach no logit
      attend_first_tokens(weights, layers[i], batch, workspace, team);
      rows = batch.pairs();
    }
    const bool projects = i + 1 < layers.size() && reads_all_tokens(layers[i + 1]);
    finish_layer(weights, layers[i], projects ? &layers[i + 1] : nullptr, rows, workspace, team);
  }
}

}  // namespace tamis::engine
