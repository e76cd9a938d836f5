// late_interaction/encode_passages.hpp: texts -> what is kept of them, through the cache.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "late_interaction/parts.hpp"

namespace tamis {

/// In the order of the texts. Throws as LateInteraction::encode_passages does.
[[nodiscard]] std::vector<EncodedPassage> encode_through_cache(
    const LateInteractionParts& parts, std::span<const std::string_view> texts,
    const ReadOptions& options);

}  // namespace tamis
