// text/bpe.hpp: pieces by merging neighbours, the most frequent pair first.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tamis/text/tokens.hpp>

#include "text/byte_trie.hpp"
#include "text/unigram.hpp"

namespace tamis {

class Bpe {
 public:
  /// `vocab[id]` is a piece; `merges` are in order of rank. Throws TokenizerError when a merge
  /// names a piece that the vocabulary has not.
  Bpe(const std::vector<std::string>& vocab,
      const std::vector<std::pair<std::string, std::string>>& merges, TokenId unknown);

  /// Runs of unknown characters are one piece. `word` is valid UTF-8.
  void split(std::string_view word, UnigramScratch& scratch) const;

 private:
  struct Merge {
    std::uint32_t rank;
    TokenId id;
  };
  [[nodiscard]] const Merge* find(TokenId left, TokenId right) const noexcept;

  ByteTrie trie_;
  std::unordered_map<std::uint64_t, Merge> merges_;
  TokenId unknown_;
};

}  // namespace tamis
