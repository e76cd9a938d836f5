// text/text_frame.hpp: what every tokenizer does around its words, and has beside its model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/text/pair_template.hpp>
#include <tamis/text/tokenizer.hpp>
#include <tamis/text/tokens.hpp>

#include "text/added_tokens.hpp"
#include "text/normalized_text.hpp"
#include "text/normalizer.hpp"

namespace tamis {

struct TextFrame {
  Normalizer normalizer{};
  AddedTokens added{};       ///< matched in the text itself
  AddedTokens normalized{};  ///< matched in what is left of it, normalised
  PairTemplate pair{};
  std::size_t max_length = kNoLimit;
  std::size_t vocab_size = 0;
  TokenId pad_id = 0;

  /// Sorts `tokens` into those of the text and those of the normalised text; `normalizer` is there
  /// before.
  void set_added(std::vector<AddedToken> tokens);

  /// Appends the added tokens to `out` and, between them, calls `plain(text, is_first)` for each
  /// normalised stretch of text; `is_first` says that it begins where the whole text does.
  template <bool kSpans, typename Plain>
  void split(std::string_view text, Tokens& out, Plain&& plain) const {
    added.split(
        text,
        [&](std::size_t begin, std::size_t end) {
          split_normalized<kSpans>(
              normalizer.operator()<kSpans>(NormalizedText::from<kSpans>(
                  text.substr(begin, end - begin), static_cast<std::uint32_t>(begin))),
              begin == 0, out, plain);
        },
        [&](std::size_t begin, std::size_t end, TokenId id) {
          out.ids.push_back(id);
          if constexpr (kSpans) {
            out.spans.push_back(
                {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
          }
        });
  }

 private:
  template <bool kSpans, typename Plain>
  void split_normalized(NormalizedText&& text, bool is_first, Tokens& out, Plain&& plain) const {
    if (normalized.empty()) {
      plain(std::move(text), is_first);
      return;
    }
    normalized.split(
        text.bytes,
        [&](std::size_t begin, std::size_t end) {
          plain(text.slice<kSpans>(begin, end), is_first && begin == 0);
        },
        [&](std::size_t begin, std::size_t end, TokenId id) {
          out.ids.push_back(id);
          if constexpr (kSpans) out.spans.push_back(text.source<true>(begin, end));
        });
  }
};

}  // namespace tamis
