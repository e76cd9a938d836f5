// text/unigram.hpp: the most probable pieces of a word, under a unigram model.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/text/tokens.hpp>

#include "text/byte_trie.hpp"
#include "text/piece_scratch.hpp"

namespace tamis {

class Unigram {
 public:
  /// With `byte_fallback`, a run of unknown characters is read as pieces such as "<0x0A>" where the
  /// vocabulary has one for each of its bytes.
  Unigram(const std::vector<std::pair<std::string, double>>& pieces, TokenId unknown,
          bool byte_fallback = false);

  /// Runs of unknown characters are one piece. `word` is valid UTF-8.
  void split(std::string_view word, PieceScratch& scratch) const;

  [[nodiscard]] TokenId find(std::string_view piece) const noexcept { return trie_.find(piece); }

 private:
  void replace_unknown(std::string_view word, PieceScratch& scratch) const;

  ByteTrie trie_;
  std::vector<double> scores_;
  TokenId unknown_;
  double unknown_score_ = 0;
  std::array<TokenId, 256> bytes_{};
  bool byte_fallback_;
};

}  // namespace tamis
