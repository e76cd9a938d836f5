// cross_encoder/limits.hpp: the options of a call, checked against the model.
#pragma once

#include <cstddef>

#include <tamis/cross_encoder.hpp>

namespace tamis {

/// Throws InvalidArgument where an option is zero or leaves no room for a token.
[[nodiscard]] PairLimits pair_limits(const PairTemplate& pair_template, std::size_t model_limit,
                                     const PredictOptions& options);

}  // namespace tamis
