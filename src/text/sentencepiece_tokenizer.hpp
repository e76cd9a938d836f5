// text/sentencepiece_tokenizer.hpp: the parts of a SentencepieceTokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include <tamis/text/sentencepiece.hpp>

#include "text/added_tokens.hpp"
#include "text/bpe.hpp"
#include "text/normalizer.hpp"
#include "text/unigram.hpp"

namespace tamis {

struct SentencepieceTokenizer::Impl {
  enum class Prefix : std::uint8_t { always, never, first };

  Normalizer normalizer;
  bool split_white_space = true;   ///< before U+2581 is put in; else a space becomes U+2581
  Prefix prefix = Prefix::always;  ///< which stretches of text get U+2581 before them
  std::variant<Unigram, Bpe> model = Unigram({}, 0);
  AddedTokens added;
  PairTemplate pair;
  std::size_t max_length = kNoLimit;
  std::size_t vocab_size = 0;
  TokenId pad_id = 0;

  template <bool kSpans>
  [[nodiscard]] Tokens tokenize(std::string_view text) const;
  template <bool kSpans>
  void part(std::string_view text, std::uint32_t offset, UnigramScratch& scratch,
            Tokens& out) const;
  template <bool kSpans>
  void stretch(const NormalizedText& text, std::size_t begin, std::size_t end, bool prefixed,
               UnigramScratch& scratch, Tokens& out) const;
  template <bool kSpans>
  void word(const NormalizedText& text, std::size_t begin, std::string_view bytes,
            std::size_t extra, UnigramScratch& scratch, Tokens& out) const;
};

}  // namespace tamis
