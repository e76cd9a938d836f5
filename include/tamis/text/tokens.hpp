// tamis/text/tokens.hpp: what a tokenizer makes of one text.
#pragma once

#include <cstdint>
#include <vector>

namespace tamis {

using TokenId = std::int32_t;

/// A half-open range of bytes in the text a token came from.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  friend bool operator==(const Span&, const Span&) = default;
};

/// One text as token ids, without special tokens.
struct Tokens {
  std::vector<TokenId> ids;
  std::vector<Span> spans;  ///< one per id, or empty when spans were not asked for
};

}  // namespace tamis
