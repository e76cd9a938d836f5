// late_interaction/text_sequence.hpp: one text as the encoder reads it by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <tamis/text/encoded_pair.hpp>
#include <tamis/text/pair_template.hpp>

namespace tamis {

/// Tokens that stand around a single text: those before the first and after the second of a pair.
[[nodiscard]] std::size_t special_tokens(const PairTemplate& around);

/// All of segment `type`. What does not fit leaves at the end; `document_tokens_cut` counts it.
[[nodiscard]] EncodedPair text_sequence(const PairTemplate& around, std::span<const TokenId> text,
                                        std::size_t max_length, std::uint8_t type);

/// The same with ColBERT's marker after the first token, cut at `max_length` with it.
[[nodiscard]] EncodedPair marked_sequence(const PairTemplate& around, std::span<const TokenId> text,
                                          std::size_t max_length, std::optional<TokenId> marker);

/// Throws TruncationError when tokens were cut. `what`: "passage 3".
void refuse_cut(std::uint32_t tokens_cut, std::size_t max_length, std::string_view what);

}  // namespace tamis
