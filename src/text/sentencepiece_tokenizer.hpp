// text/sentencepiece_tokenizer.hpp: the parts of a SentencepieceTokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>

#include <tamis/text/sentencepiece.hpp>

#include "text/bpe.hpp"
#include "text/text_frame.hpp"
#include "text/unigram.hpp"

namespace tamis {

struct SentencepieceTokenizer::Impl {
  enum class Prefix : std::uint8_t { always, never, first };

  TextFrame frame;
  bool split_white_space = true;   ///< before U+2581 is put in; else a space becomes U+2581
  Prefix prefix = Prefix::always;  ///< which stretches of text get U+2581 before them
  std::variant<Unigram, Bpe> model = Unigram({}, 0);

  template <bool kSpans>
  [[nodiscard]] Tokens tokenize(std::string_view text) const;
  template <bool kSpans>
  void part(NormalizedText&& text, bool is_first, PieceScratch& scratch, Tokens& out) const;
  template <bool kSpans>
  void stretch(const NormalizedText& text, std::size_t begin, std::size_t end, bool prefixed,
               PieceScratch& scratch, Tokens& out) const;
  template <bool kSpans>
  void word(const NormalizedText& text, std::size_t begin, std::string_view bytes,
            std::size_t extra, PieceScratch& scratch, Tokens& out) const;
};

}  // namespace tamis
