// late_interaction/read_texts.hpp: texts, each by itself -> the last hidden states of its tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <tamis/text/encoded_pair.hpp>

#include "cross_encoder/wave.hpp"
#include "late_interaction/parts.hpp"

namespace tamis {

enum class Side { query, passage };

/// Texts whose tokens are in memory at a time, whatever their number.
inline constexpr std::size_t kGroupTexts = 4096;

/// What the encoder reads of each text: prefix, special tokens, segment; cut at the limit.
[[nodiscard]] std::vector<EncodedPair> sequences_of(const LateInteractionParts& parts, Side side,
                                                    std::span<const std::string_view> texts);

/// Tokens of a text that are read, special ones included.
[[nodiscard]] std::size_t length_limit(const LateInteractionParts& parts, Side side);

/// Unit vectors [1 + compared tokens, width] of one text: the mean, then the tokens. Empty when a
/// state is NaN or infinite.
[[nodiscard]] std::vector<float> compared_rows(const LateInteractionParts& parts, Side side,
                                               std::span<const TokenId> ids,
                                               std::span<const float> states);

/// Calls read(index, states [tokens, width]) once for each sequence, in the threads of the pool.
/// `unseen`: last tokens of each sequence that the others do not see (PackedBatch::unseen); empty:
/// none. Throws Cancelled.
void read_sequences(const LateInteractionParts& parts, std::span<const EncodedPair> sequences,
                    const ReadOptions& options, const std::function<void(std::size_t)>& done,
                    const std::function<void(std::size_t, std::span<const float>)>& read,
                    std::span<const std::uint32_t> unseen = {});

/// Throws InvalidArgument for `OnTruncation::window`.
void refuse_windows(const ReadOptions& options);

/// Throws NonFiniteScore when any text, of `total`, is in `bad`.
void refuse_non_finite(const std::vector<std::size_t>& bad, std::size_t total, Side side);

}  // namespace tamis
