// text/byte_pieces.hpp: the pieces "<0x00>" to "<0xFF>", which stand for bytes of what a vocabulary
// has not.
#pragma once

#include <array>

#include <fmt/format.h>

#include <tamis/text/tokens.hpp>

#include "text/byte_trie.hpp"

namespace tamis {

/// By byte; negative where the vocabulary has no such piece.
[[nodiscard]] inline std::array<TokenId, 256> byte_pieces(const ByteTrie& vocab) {
  std::array<TokenId, 256> ids{};
  for (unsigned byte = 0; byte < ids.size(); ++byte) {
    ids[byte] = vocab.find(fmt::format("<0x{:02X}>", byte));
  }
  return ids;
}

}  // namespace tamis
