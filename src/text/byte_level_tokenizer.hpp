// text/byte_level_tokenizer.hpp: the parts of a ByteLevelTokenizer.
#pragma once

#include <string_view>

#include <tamis/text/byte_level.hpp>

#include "text/bpe.hpp"
#include "text/byte_level_words.hpp"
#include "text/text_frame.hpp"

namespace tamis {

struct ByteLevelTokenizer::Impl {
  TextFrame frame;
  bool prefix_space = false;  ///< a stretch of text that begins with no space gets one
  WordPattern words = WordPattern::gpt2;
  Bpe model;

  template <bool kSpans>
  [[nodiscard]] Tokens tokenize(std::string_view text) const;
  template <bool kSpans>
  void part(NormalizedText&& text, PieceScratch& scratch, Tokens& out) const;
};

}  // namespace tamis
