// cross_encoder/encode_group.hpp: a group of text pairs -> the sequences that the model reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <tamis/cross_encoder.hpp>

namespace tamis {

struct EncodedGroup {
  std::vector<EncodedPair> sequences;  ///< one for each pair, or one for each window of it
  std::vector<std::uint32_t> owner;    ///< [sequences], index into the group's pairs; ascending
  std::vector<Span> spans;             ///< [sequences], bytes of the document; empty unless windows
  std::vector<std::uint32_t> query_tokens_cut;     ///< [pairs]
  std::vector<std::uint32_t> document_tokens_cut;  ///< [pairs]
};

/// `around` stands about each pair and `limits.max_length` is the effective one. Each different
/// text is tokenised once, in parallel. `place_of` a pair is its index for the caller, for
/// messages.
[[nodiscard]] EncodedGroup encode_group(const AnyTokenizer& tokenizer, const PairTemplate& around,
                                        std::span<const TextPair> pairs, const PairLimits& limits,
                                        const PredictOptions& options,
                                        const std::function<std::size_t(std::size_t)>& place_of);

}  // namespace tamis
