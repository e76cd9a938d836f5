// score/engine/forward.hpp: a packed micro-batch through the encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>

#include <tamis/batch/packed.hpp>

#include "score/engine/aligned.hpp"
#include "score/engine/column_groups.hpp"
#include "score/engine/encoder_weights.hpp"
#include "score/engine/team.hpp"

namespace tamis::engine {

/// Buffers of one micro-batch; kept by the scorer and used again, so that calls allocate nothing.
struct Workspace {
  Floats hidden;  ///< [rows, hidden]
  // Of floats, or of bf16 where keeps_halves says so:
  Bytes queries;     ///< [rows, hidden], as query_groups says
  Bytes key_values;  ///< [tokens, 2 * hidden]: key, value, as key_value_groups says, and some room
  Floats context;    ///< [rows, hidden]
  // Of the last layer, where only first tokens are read:
  Floats first_tokens;   ///< [pairs, hidden]
  Floats first_queries;  ///< [pairs, hidden]
  Floats head_queries;   ///< [pairs, heads, hidden]
  Floats head_means;     ///< [pairs, heads, hidden]
};

/// Fills workspace.hidden with the embeddings. Throws InvalidArgument for ids out of range.
void embed(const EncoderWeights& weights, const PackedBatch& batch, Workspace& workspace,
           const Team& team);

/// Whether queries, keys and values are kept as bf16, which attention would round them to.
[[nodiscard]] inline bool keeps_halves(const EncoderWeights& weights, const LayerWeights& layer) {
  const Product& product = *layer.query.product;
  const std::size_t width = weights.config.hidden_size;
  return weights.attention->attends_halves && product.multiply_groups != nullptr &&
         width / weights.config.heads % std::lcm(kHalvesTogether, product.panel) == 0;
}

/// Where the queries of `rows` tokens lie, and their keys and values.
[[nodiscard]] inline ColumnGroups query_groups(const EncoderWeights& weights,
                                               const LayerWeights& layer, std::size_t rows) {
  const std::size_t width = weights.config.hidden_size;
  return head_groups(rows, width, width, width / weights.config.heads, layer.query.product->panel);
}
[[nodiscard]] inline ColumnGroups key_value_groups(const EncoderWeights& weights,
                                                   const LayerWeights& layer, std::size_t rows) {
  const std::size_t width = weights.config.hidden_size;
  return head_groups(rows, 2 * width, width, width / weights.config.heads,
                     layer.key_value.product->panel);
}

/// queries and key_values of hidden, for all tokens.
void project_tokens(const EncoderWeights& weights, const LayerWeights& layer, std::size_t rows,
                    Workspace& workspace, const Team& team);

/// Attention of one head, in a buffer of this thread.
void attend_head(const Product& product, const Attention& attention);

/// context = attention of workspace.queries over workspace.key_values, sequence by sequence, head
/// by head.
void attend(const EncoderWeights& weights, const LayerWeights& layer, const PackedBatch& batch,
            Workspace& workspace, const Team& team);

/// hidden = each pair's first token, context = its attention over all of the pair's tokens.
void attend_first_tokens(const EncoderWeights& weights, const LayerWeights& layer,
                         const PackedBatch& batch, Workspace& workspace, const Team& team);

/// From the context of attention to the layer's output in hidden, for `rows` rows, and on to the
/// queries, keys and values of the `next` layer, unless that is null.
void finish_layer(const EncoderWeights& weights, const LayerWeights& layer,
                  const LayerWeights* next, std::size_t rows, Workspace& workspace,
                  const Team& team);

/// hidden = those layers' output [rows, hidden]: of each token, or, behind the last layer of a
/// model that reads only those, of each pair's first token.
void run_layers(const EncoderWeights& weights, std::span<const LayerWeights> layers,
                const PackedBatch& batch, Workspace& workspace, const Team& team);

/// Logits [pairs, labels] of the last hidden states.
void read_head(const EncoderWeights& weights, const PackedBatch& batch, const Workspace& workspace,
               std::span<float> logits);

/// The readout of tamis_interaction: MaxSim and cosine between the two segments.
void read_interaction(const EncoderWeights& weights, const PackedBatch& batch,
                      const Workspace& workspace, std::span<float> logits);

}  // namespace tamis::engine
