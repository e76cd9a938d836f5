// text/piece_scratch.hpp: what one thread needs to split words into pieces.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tamis/text/tokens.hpp>

namespace tamis {

/// Made once for a text, so that its words need no memory of their own.
struct PieceScratch {
  /// The best way to read the bytes before one place.
  struct Node {
    double score = 0;
    std::uint32_t begin = 0;
    TokenId id = -1;  ///< -1: nothing ends here
  };

  /// A part of a word that may be merged with the next one; they are a list, linked by index.
  struct Symbol {
    TokenId id;
    std::uint32_t begin;
    std::uint32_t end;  ///< equal to `begin` once it is merged into its left neighbour
    std::uint32_t previous;
    std::uint32_t next;
  };

  struct Candidate {
    std::uint32_t rank;
    std::uint32_t at;
    TokenId id;

    /// The heap's top is the lowest rank, and of equal ones the leftmost.
    bool operator<(const Candidate& other) const noexcept {
      return rank != other.rank ? rank > other.rank : at > other.at;
    }
  };

  struct Piece {
    TokenId id;
    std::uint32_t begin;
    std::uint32_t end;
  };

  std::vector<Node> nodes;            // of Unigram
  std::vector<Symbol> symbols;        // of Bpe
  std::vector<Candidate> candidates;  // of Bpe
  std::vector<Piece> pieces;          ///< the result, in order
  std::string prefixed;               ///< a word with U+2581 before it
};

}  // namespace tamis
