// text/wordpiece.cpp
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <tamis/error.hpp>
#include <tamis/text/utf8.hpp>
#include <tamis/text/wordpiece.hpp>

#include "text/bert_chars.hpp"
#include "text/byte_trie.hpp"
#include "text/text_frame.hpp"
#include "text/word_buffer.hpp"

namespace tamis {

namespace {

// BertNormalizer, which `split` does in one pass and which changes nothing the second time.
std::vector<NormalizerStep> steps_of(const WordPieceOptions& options) {
  using Kind = NormalizerStep::Kind;
  std::vector<NormalizerStep> steps;
  const auto add = [&](Kind kind) { steps.push_back({kind, "", ""}); };
  if (options.clean_text) add(Kind::clean);
  if (options.split_chinese) add(Kind::space_chinese);
  if (options.strip_accents) {
    add(Kind::decompose_canonical);
    add(Kind::strip_nonspacing);
  }
  if (options.lowercase) add(Kind::lowercase);
  return steps;
}

}  // namespace

struct WordPieceTokenizer::Impl {
  explicit Impl(WordPieceOptions given);

  template <bool kSpans>
  [[nodiscard]] Tokens tokenize(std::string_view text) const;
  template <bool kSpans>
  void split_normalized(std::string_view text, Tokens& out) const;
  template <bool kSpans>
  void split(std::string_view text, std::uint32_t offset, Tokens& out) const;
  template <bool kSpans>
  void put(CharEntry entry, Span source, WordBuffer<kSpans>& word, Tokens& out) const;
  template <bool kSpans>
  void put_isolated(CharEntry entry, Span source, WordBuffer<kSpans>& word, Tokens& out) const;
  template <bool kSpans>
  void end_word(WordBuffer<kSpans>& word, Tokens& out) const;
  template <bool kSpans>
  void pieces(const WordBuffer<kSpans>& word, Tokens& out) const;

  std::size_t max_word_characters;
  TokenId unknown = 0;
  BertChars chars;
  TextFrame frame;  // its normalizer serves only where added tokens are matched after it
  ByteTrie trie;
  std::uint32_t continuation = ByteTrie::kNowhere;  // the node at which "##" ends
};

WordPieceTokenizer::Impl::Impl(WordPieceOptions given)
    : max_word_characters(given.max_word_characters),
      chars({given.clean_text, given.split_chinese, given.strip_accents, given.lowercase}) {
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  entries.reserve(given.vocab.size());
  for (std::size_t id = 0; id < given.vocab.size(); ++id) {
    if (!given.vocab[id].empty()) {
      entries.emplace_back(given.vocab[id], static_cast<std::int32_t>(id));
    }
  }
  trie = ByteTrie(std::move(entries));
  unknown = trie.find(given.unknown);
  if (unknown == ByteTrie::kNoValue) {
    raise<TokenizerError>("the vocabulary has no token '{}' for unknown words", given.unknown);
  }
  continuation = trie.walk(ByteTrie::kRoot, given.continuation);
  frame = {.normalizer = Normalizer(steps_of(given), ""),
           .pair = std::move(given.pair_template),
           .max_length = given.max_length,
           .vocab_size = given.vocab.size(),
           .pad_id = given.pad_id};
  frame.set_added(std::move(given.added));
}

template <bool kSpans>
void WordPieceTokenizer::Impl::pieces(const WordBuffer<kSpans>& word, Tokens& out) const {
  const std::size_t size = word.size();
  const std::size_t before = out.ids.size();
  std::uint32_t start = ByteTrie::kRoot;
  for (std::size_t begin = 0; begin < size; start = continuation) {
    std::int32_t found = ByteTrie::kNoValue;
    std::size_t end = begin;
    std::uint32_t node = start;
    for (std::size_t at = begin; at < size && node != ByteTrie::kNowhere;) {
      node = trie.step(node, word.byte(at++));
      if (node != ByteTrie::kNowhere && trie.value(node) != ByteTrie::kNoValue) {
        found = trie.value(node);
        end = at;
      }
    }
    if (found == ByteTrie::kNoValue) {
      out.ids.resize(before);
      out.ids.push_back(unknown);
      if constexpr (kSpans) {
        out.spans.resize(before);
        out.spans.push_back(word.span(0, size));
      }
      return;
    }
    out.ids.push_back(found);
    if constexpr (kSpans) out.spans.push_back(word.span(begin, end));
    begin = end;
  }
}

template <bool kSpans>
void WordPieceTokenizer::Impl::end_word(WordBuffer<kSpans>& word, Tokens& out) const {
  if (word.characters() == 0) {
    word.clear();  // it may hold a barrier
    return;
  }
  if (word.characters() <= max_word_characters) {
    pieces(word, out);
  } else {
    out.ids.push_back(unknown);
    if constexpr (kSpans) out.spans.push_back(word.whole());
  }
  word.clear();
}

template <bool kSpans>
void WordPieceTokenizer::Impl::put_isolated(CharEntry entry, Span source, WordBuffer<kSpans>& word,
                                            Tokens& out) const {
  end_word(word, out);
  word.push(entry.value(), source);
  end_word(word, out);
}

template <bool kSpans>
void WordPieceTokenizer::Impl::put(CharEntry entry, Span source, WordBuffer<kSpans>& word,
                                   Tokens& out) const {
  switch (entry.kind()) {
    case CharKind::letter:
      word.push(entry.value(), source);
      return;
    case CharKind::space:
      end_word(word, out);
      return;
    case CharKind::isolated:
      put_isolated(entry, source, word, out);
      return;
    case CharKind::drop:
      return;
    case CharKind::accent:
      word.bar_marks();
      return;
    case CharKind::mark:
      word.push_mark(entry.value(), BertChars::combining_class(entry.value()), source);
      return;
    case CharKind::several:
      for (const CharEntry part : chars.sequence(entry)) put(part, source, word, out);
      return;
    case CharKind::hangul: {
      const char32_t index = entry.value() - 0xAC00;
      word.push(0x1100 + index / 588, source);
      word.push(0x1161 + index % 588 / 28, source);
      if (index % 28 != 0) word.push(0x11A7 + index % 28, source);
      return;
    }
  }
}

template <bool kSpans>
void WordPieceTokenizer::Impl::split(std::string_view text, std::uint32_t offset,
                                     Tokens& out) const {
  WordBuffer<kSpans> word(max_word_characters);
  for (std::size_t at = 0; at < text.size();) {
    const auto source_begin = static_cast<std::uint32_t>(at) + offset;
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) {
      const CharEntry entry = chars[byte];
      const Span source{source_begin, source_begin + 1};
      ++at;
      if (entry.kind() == CharKind::letter) {
        word.push_ascii(static_cast<char>(entry.value()), source);
      } else if (entry.kind() == CharKind::space) {
        end_word(word, out);
      } else {
        put(entry, source, word, out);
      }
      continue;
    }
    const DecodedChar c = decode_utf8(text, at);
    at += c.size;
    put(chars[c.code], Span{source_begin, source_begin + c.size}, word, out);
  }
  end_word(word, out);
}

WordPieceTokenizer::WordPieceTokenizer(WordPieceOptions options) {
  if (options.max_word_characters > kLongestWord) {
    raise<TokenizerError>("max_word_characters is {}; it can be at most {}",
                          options.max_word_characters, kLongestWord);
  }
  impl_ = std::make_shared<const Impl>(std::move(options));
}

/// Of a text in which added tokens are matched after normalisation.
template <bool kSpans>
void WordPieceTokenizer::Impl::split_normalized(std::string_view text, Tokens& out) const {
  frame.split<kSpans>(text, out, [&](const NormalizedText& part, bool /*is_first*/) {
    const std::size_t before = out.spans.size();
    split<kSpans>(part.bytes, 0, out);
    for (std::size_t i = before; i < out.spans.size(); ++i) {
      out.spans[i] = part.source<kSpans>(out.spans[i].begin, out.spans[i].end);
    }
  });
}

template <bool kSpans>
Tokens WordPieceTokenizer::Impl::tokenize(std::string_view text) const {
  Tokens out;
  out.ids.reserve(text.size() / 4 + 1);
  if (!frame.normalized.empty()) {
    split_normalized<kSpans>(text, out);
    return out;
  }
  frame.added.split(
      text,
      [&](std::size_t begin, std::size_t end) {
        split<kSpans>(text.substr(begin, end - begin), static_cast<std::uint32_t>(begin), out);
      },
      [&](std::size_t begin, std::size_t end, TokenId id) {
        out.ids.push_back(id);
        if constexpr (kSpans) {
          out.spans.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)});
        }
      });
  return out;
}

Tokens WordPieceTokenizer::tokenize(std::string_view text, bool with_spans) const {
  return with_spans ? impl_->tokenize<true>(text) : impl_->tokenize<false>(text);
}

const PairTemplate& WordPieceTokenizer::pair_template() const noexcept { return impl_->frame.pair; }
std::size_t WordPieceTokenizer::max_length() const noexcept { return impl_->frame.max_length; }
std::size_t WordPieceTokenizer::vocab_size() const noexcept { return impl_->frame.vocab_size; }
TokenId WordPieceTokenizer::pad_id() const noexcept { return impl_->frame.pad_id; }

}  // namespace tamis
