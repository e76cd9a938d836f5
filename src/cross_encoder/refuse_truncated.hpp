// cross_encoder/refuse_truncated.hpp: OnTruncation::error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "cross_encoder/encode_group.hpp"

namespace tamis {

/// `index_of`: [caller's pairs], index among the different pairs, of which the group holds those
/// from `begin` on. Throws TruncationError for the first of the caller's that was cut.
void refuse_truncated(const EncodedGroup& group, std::size_t begin,
                      std::span<const std::uint32_t> index_of, const PairLimits& limits);

}  // namespace tamis
