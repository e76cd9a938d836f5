// score/engine/forward.hpp: a packed micro-batch through the encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tamis/batch/packed.hpp>

#include "score/engine/aligned.hpp"
#include "score/engine/encoder_weights.hpp"
#include "score/engine/team.hpp"

namespace tamis::engine {

/// Buffers of one micro-batch; kept by the scorer and used again, so that calls allocate nothing.
struct Workspace {
  Floats hidden;     ///< [tokens, hidden]
  Floats projected;  ///< [tokens, 3 * hidden]: query, key, value
  Floats context;    ///< [tokens, hidden]
  Floats residual;   ///< [tokens, hidden]
  Floats inner;      ///< [tokens, intermediate]
};

/// y[rows, outputs] = x W^T + b.
void apply_linear(const Kernels& kernels, const Linear& linear, const float* x, std::size_t rows,
                  float* y, const Team& team);

/// Fills workspace.hidden with the embeddings. Throws InvalidArgument for ids out of range.
void embed(const EncoderWeights& weights, const PackedBatch& batch, Workspace& workspace,
           const Team& team);

/// context = attention over workspace.projected, sequence by sequence, head by head.
void attend(const EncoderWeights& weights, const LayerWeights& layer, const PackedBatch& batch,
            Workspace& workspace, const Team& team);

/// hidden = last hidden states of the batch.
void encode(const EncoderWeights& weights, const PackedBatch& batch, Workspace& workspace,
            const Team& team);

/// Logits [pairs, labels] of the last hidden states.
void read_head(const EncoderWeights& weights, const PackedBatch& batch, const Workspace& workspace,
               std::span<float> logits);

/// The readout of tamis_interaction: MaxSim and cosine between the two segments.
void read_interaction(const EncoderWeights& weights, const PackedBatch& batch,
                      const Workspace& workspace, std::span<float> logits);

}  // namespace tamis::engine
