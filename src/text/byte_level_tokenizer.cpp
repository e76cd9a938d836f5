// text/byte_level_tokenizer.cpp
#include "text/byte_level_tokenizer.hpp"

#include <utility>

namespace tamis {

template <bool kSpans>
void ByteLevelTokenizer::Impl::part(NormalizedText&& text, PieceScratch& scratch,
                                    Tokens& out) const {
  if (text.bytes.empty()) return;
  if (prefix_space && !text.bytes.starts_with(' ')) {
    text.bytes.insert(0, 1, ' ');
    // It stands, as in `tokenizers`, for what comes first.
    if constexpr (kSpans) text.sources.insert(text.sources.begin(), Span(text.sources.front()));
  }
  const std::string_view bytes = text.bytes;
  for (std::size_t begin = 0; begin < bytes.size();) {
    const std::size_t end = byte_level_word_end(words, bytes, begin);
    model.split(bytes.substr(begin, end - begin), scratch);
    for (const PieceScratch::Piece& piece : scratch.pieces) {
      out.ids.push_back(piece.id);
      if constexpr (kSpans) {
        out.spans.push_back(text.source<true>(begin + piece.begin, begin + piece.end));
      }
    }
    begin = end;
  }
}

template <bool kSpans>
Tokens ByteLevelTokenizer::Impl::tokenize(std::string_view text) const {
  Tokens out;
  out.ids.reserve(text.size() / 4 + 1);
  PieceScratch scratch;
  frame.split<kSpans>(text, out, [&](NormalizedText&& stretch, bool /*is_first*/) {
    part<kSpans>(std::move(stretch), scratch, out);
  });
  return out;
}

Tokens ByteLevelTokenizer::tokenize(std::string_view text, bool with_spans) const {
  return with_spans ? impl_->tokenize<true>(text) : impl_->tokenize<false>(text);
}

const PairTemplate& ByteLevelTokenizer::pair_template() const noexcept { return impl_->frame.pair; }
std::size_t ByteLevelTokenizer::max_length() const noexcept { return impl_->frame.max_length; }
std::size_t ByteLevelTokenizer::vocab_size() const noexcept { return impl_->frame.vocab_size; }
TokenId ByteLevelTokenizer::pad_id() const noexcept { return impl_->frame.pad_id; }

}  // namespace tamis
