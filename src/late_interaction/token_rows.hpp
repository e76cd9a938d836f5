// late_interaction/token_rows.hpp: last hidden states -> the rows that are kept of a text.
//
// A row is a float, its scale, and `width` int8: a unit vector is scale * int8. The first row of a
// text is the mean of all its states; then comes a row for each token that takes part in MaxSim.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <tamis/model/encoder_config.hpp>

#include "late_interaction/pooling.hpp"

namespace tamis {

[[nodiscard]] constexpr std::size_t row_bytes(std::size_t width) { return sizeof(float) + width; }

/// Unit vectors [1 + compared tokens, width] of `states` [tokens, width]: the mean, then the
/// tokens. Empty when a state is NaN or infinite.
[[nodiscard]] std::vector<float> unit_rows(const EncoderConfig& config,
                                           std::span<const float> states);

/// The same of `vectors` [tokens, width], of which tokens with these indices are compared.
[[nodiscard]] std::vector<float> unit_rows(std::size_t width, std::span<const float> vectors,
                                           std::span<const std::size_t> compared);

/// One unit vector of a text's `states` [tokens, width]. False when it is not finite.
bool unit_vector(Pooling pooling, std::span<const float> states, std::span<float> row);

[[nodiscard]] std::shared_ptr<const std::byte> quantize_rows(std::span<const float> rows,
                                                             std::size_t width);

/// out[width] = scale * int8 of the row at `row`.
void read_row(const std::byte* row, std::size_t width, float* out);

}  // namespace tamis
