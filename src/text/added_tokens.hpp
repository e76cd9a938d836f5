// text/added_tokens.hpp: finds tokens such as "[MASK]" in a text, before or after it is normalised.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <tamis/text/added_token.hpp>

#include "text/byte_trie.hpp"

namespace tamis {

/// Matches from left to right, the longest first, as Hugging Face `tokenizers` does.
class AddedTokens {
 public:
  AddedTokens() = default;
  explicit AddedTokens(std::vector<AddedToken> tokens);

  [[nodiscard]] bool empty() const noexcept { return tokens_.empty(); }

  struct Match {
    std::size_t begin = 0;
    std::size_t end = 0;
    TokenId id = 0;
    std::size_t content_end = 0;  ///< where the search goes on: `end` without stripped space
  };

  /// Calls `plain(begin, end)` for each stretch of text and `token(begin, end, id)` for each token,
  /// in order.
  template <typename Plain, typename Token>
  void split(std::string_view text, Plain&& plain, Token&& token) const {
    std::size_t done = 0;
    std::size_t from = 0;
    while (const auto match = next(text, from, done)) {
      if (done < match->begin) plain(done, match->begin);
      token(match->begin, match->end, match->id);
      done = match->end;
      from = match->content_end;
    }
    if (done < text.size()) plain(done, text.size());
  }

 private:
  /// The first match at or after `from`; space before `done` is not stripped. A match may lie in
  /// what the one before it stripped, and the text behind it is read again then.
  [[nodiscard]] std::optional<Match> next(std::string_view text, std::size_t from,
                                          std::size_t done) const;

  std::vector<AddedToken> tokens_;
  ByteTrie trie_;
  std::array<bool, 256> first_{};
};

}  // namespace tamis
