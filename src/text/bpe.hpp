// text/bpe.hpp: pieces by merging neighbours, the most frequent pair first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/text/tokens.hpp>

#include "text/byte_trie.hpp"
#include "text/merge_table.hpp"
#include "text/piece_scratch.hpp"

namespace tamis {

struct BpeOptions {
  /// `vocab[id]` is a piece; an empty one does not occur in words.
  std::vector<std::string> vocab{};
  std::vector<std::pair<std::string, std::string>> merges{};  ///< in order of rank
  std::optional<TokenId> unknown{};  ///< without it, what the vocabulary has not is left out
  bool fuse_unknown = false;         ///< a run of unknown characters is one piece
  bool byte_fallback = false;        ///< reads an unknown character as pieces such as "<0x0A>"
  bool single_bytes = false;         ///< merging begins with bytes, else with characters
  bool ignore_merges = false;        ///< a word that is in the vocabulary is one piece
};

class Bpe {
 public:
  /// Throws TokenizerError when a merge names a piece that the vocabulary has not.
  explicit Bpe(const BpeOptions& options);

  /// `word` is valid UTF-8.
  void split(std::string_view word, PieceScratch& scratch) const;

 private:
  void find_whole_words(const BpeOptions& options);
  void merge(std::string_view word, PieceScratch& scratch) const;
  void make_symbols(std::string_view word, PieceScratch& scratch) const;
  bool put_bytes(std::string_view word, std::uint32_t begin, std::uint32_t end,
                 PieceScratch& scratch) const;

  ByteTrie trie_;
  MergeTable merges_;
  std::vector<bool> whole_;  // by id: the piece, as a word, is this one token
  std::array<TokenId, 256> bytes_{};
  std::optional<TokenId> unknown_;
  bool fuse_unknown_;
  bool byte_fallback_;
  bool single_bytes_;
};

}  // namespace tamis
