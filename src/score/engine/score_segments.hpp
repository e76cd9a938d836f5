// score/engine/score_segments.hpp: pairs of texts that some layers read apart.
#pragma once

#include <span>

#include <tamis/batch/packed.hpp>

#include "score/engine/shared_encoder.hpp"

namespace tamis::engine {

/// Logits of all pairs, in the order of the batches, of a model with closed layers: each distinct
/// text goes through those once, then each pair through the others. The same logits as pair by
/// pair. Throws InvalidArgument for a pair of one segment.
void score_segments(const SharedEncoder& encoder, std::span<const PackedBatch> batches,
                    std::span<float> logits);

}  // namespace tamis::engine
