// text/sentencepiece_tokenizer.cpp
#include "text/sentencepiece_tokenizer.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tamis {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // U+2581

template <bool kSpans>
NormalizedText space_marked(const NormalizedText& text) {
  NormalizedText out;
  for (std::size_t at = 0; at < text.bytes.size(); ++at) {
    const std::string_view byte = std::string_view(text.bytes).substr(at, 1);
    out.append<kSpans>(byte == " " ? kSpace : byte, text.source<kSpans>(at, at + 1));
  }
  return out;
}

}  // namespace

/// `bytes` is the word with `extra` bytes before it that the text has not; the rest begins at
/// `begin`.
template <bool kSpans>
void SentencepieceTokenizer::Impl::word(const NormalizedText& text, std::size_t begin,
                                        std::string_view bytes, std::size_t extra,
                                        PieceScratch& scratch, Tokens& out) const {
  std::visit([&](const auto& model_of_kind) { model_of_kind.split(bytes, scratch); }, model);
  for (const PieceScratch::Piece& piece : scratch.pieces) {
    out.ids.push_back(piece.id);
    if constexpr (kSpans) {
      const std::size_t from = begin + std::max<std::size_t>(piece.begin, extra) - extra;
      const std::size_t to = begin + std::max<std::size_t>(piece.end, extra) - extra;
      // The prefix alone stands for the first character.
      out.spans.push_back(to > from ? text.source<true>(from, to)
                                    : text.source<true>(from, from + 1));
    }
  }
}

/// A stretch of text without white space; words begin at each U+2581.
template <bool kSpans>
void SentencepieceTokenizer::Impl::stretch(const NormalizedText& text, std::size_t begin,
                                           std::size_t end, bool prefixed, PieceScratch& scratch,
                                           Tokens& out) const {
  const std::string_view bytes = std::string_view(text.bytes).substr(0, end);
  bool needs_prefix = prefixed && !bytes.substr(begin).starts_with(kSpace);
  while (begin < end) {
    const std::size_t next = std::min(bytes.find(kSpace, begin + 1), end);
    const std::string_view own = bytes.substr(begin, next - begin);
    if (needs_prefix) {
      scratch.prefixed.assign(kSpace).append(own);
      word<kSpans>(text, begin, scratch.prefixed, kSpace.size(), scratch, out);
      needs_prefix = false;
    } else {
      word<kSpans>(text, begin, own, 0, scratch, out);
    }
    begin = next;
  }
}

template <bool kSpans>
void SentencepieceTokenizer::Impl::part(NormalizedText&& text, bool is_first, PieceScratch& scratch,
                                        Tokens& out) const {
  const bool prefixed = prefix == Prefix::always || (prefix == Prefix::first && is_first);
  if (!split_white_space) {
    text = space_marked<kSpans>(text);
    if (!text.bytes.empty()) stretch<kSpans>(text, 0, text.bytes.size(), prefixed, scratch, out);
    return;
  }
  const std::string_view bytes = text.bytes;
  std::size_t begin = 0;
  bool at_start = true;  // with Prefix::first only the text's own first stretch counts
  const auto flush = [&](std::size_t end) {
    if (begin == end) return;
    stretch<kSpans>(text, begin, end, prefixed && (prefix == Prefix::always || at_start), scratch,
                    out);
  };
  for (std::size_t at = 0; at < bytes.size();) {
    const DecodedChar c = static_cast<unsigned char>(bytes[at]) < 0x80
                              ? DecodedChar{static_cast<unsigned char>(bytes[at]), 1, true}
                              : decode_utf8(bytes, at);
    if (is_white_space(c.code)) {
      flush(at);
      begin = at + c.size;
      at_start = false;
    }
    at += c.size;
  }
  flush(bytes.size());
}

template <bool kSpans>
Tokens SentencepieceTokenizer::Impl::tokenize(std::string_view text) const {
  Tokens out;
  out.ids.reserve(text.size() / 4 + 1);
  PieceScratch scratch;
  frame.split<kSpans>(text, out, [&](NormalizedText&& stretch_of_text, bool is_first) {
    part<kSpans>(std::move(stretch_of_text), is_first, scratch, out);
  });
  return out;
}

Tokens SentencepieceTokenizer::tokenize(std::string_view text, bool with_spans) const {
  return with_spans ? impl_->tokenize<true>(text) : impl_->tokenize<false>(text);
}

const PairTemplate& SentencepieceTokenizer::pair_template() const noexcept {
  return impl_->frame.pair;
}
std::size_t SentencepieceTokenizer::max_length() const noexcept { return impl_->frame.max_length; }
std::size_t SentencepieceTokenizer::vocab_size() const noexcept { return impl_->frame.vocab_size; }
TokenId SentencepieceTokenizer::pad_id() const noexcept { return impl_->frame.pad_id; }

}  // namespace tamis
