// score/engine/score_apart.hpp: pairs of texts that see nothing of each other.
#pragma once

#include <span>

#include <tamis/batch/packed.hpp>

#include "score/engine/shared_encoder.hpp"

namespace tamis::engine {

/// Logits of all pairs, in the order of the batches, of a model that reads texts apart. Each
/// distinct text is encoded once. Throws InvalidArgument for a pair of one segment.
void score_apart(const SharedEncoder& encoder, std::span<const PackedBatch> batches,
                 std::span<float> logits);

}  // namespace tamis::engine
