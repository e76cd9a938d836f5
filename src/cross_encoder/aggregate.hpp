// cross_encoder/aggregate.hpp: the logits of a document's windows -> the logits of its pair.
#pragma once

#include <span>

#include <tamis/cross_encoder.hpp>

#include "cross_encoder/encode_group.hpp"

namespace tamis {

/// Appends the group's pairs to `result`. `logits`: [sequences, labels]. With several labels each
/// is aggregated by itself; the span is that of the window which is best for the first label.
void append(Prediction& result, const EncodedGroup& group, std::span<const float> logits,
            Aggregate aggregate);

}  // namespace tamis
