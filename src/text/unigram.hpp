// text/unigram.hpp: the most probable pieces of a word, under a unigram model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/text/tokens.hpp>

#include "text/byte_trie.hpp"

namespace tamis {

/// What one thread needs while it works; made once for a text.
struct UnigramScratch {
  struct Node {
    double score = 0;
    std::uint32_t begin = 0;
    TokenId id = -1;  ///< -1: nothing ends here
  };
  struct Piece {
    TokenId id;
    std::uint32_t begin;
    std::uint32_t end;
  };
  std::vector<Node> nodes;
  std::vector<Piece> pieces;  ///< the result, in order
  std::string prefixed;       ///< a word with U+2581 before it
};

class Unigram {
 public:
  Unigram(const std::vector<std::pair<std::string, double>>& pieces, TokenId unknown);

  /// Runs of unknown characters are one piece. `word` is valid UTF-8.
  void split(std::string_view word, UnigramScratch& scratch) const;

  [[nodiscard]] TokenId find(std::string_view piece) const noexcept { return trie_.find(piece); }

 private:
  ByteTrie trie_;
  std::vector<double> scores_;
  TokenId unknown_;
  double unknown_score_ = 0;
};

}  // namespace tamis
