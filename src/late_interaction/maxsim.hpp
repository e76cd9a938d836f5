// late_interaction/maxsim.hpp: one query's logits with cached passages.
#pragma once

#include <span>

#include "late_interaction/passage_contents.hpp"
#include "late_interaction/query.hpp"

namespace tamis {

/// One logit for each passage, in parallel. A passage's logit does not depend on the others.
void compare(const EncodedQuery& query, const Mix& mix, std::span<const EncodedPassage> passages,
             std::span<float> logits);

}  // namespace tamis
