// text/word_buffer.hpp: the word that is being read, normalised, with where its bytes came from.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tamis/text/tokens.hpp>
#include <tamis/text/utf8.hpp>

#include "text/bert_chars.hpp"

namespace tamis {

/// Beyond `limit` characters only the count and the whole span are kept: the word is unknown.
template <bool kSpans>
class WordBuffer {
 public:
  explicit WordBuffer(std::size_t limit) : limit_(limit) {
    bytes_.resize((limit + 1) * 4);
    if constexpr (kSpans) sources_.resize((limit + 1) * 4);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t characters() const noexcept { return characters_; }
  [[nodiscard]] unsigned char byte(std::size_t at) const noexcept {
    return static_cast<unsigned char>(bytes_[at]);
  }
  [[nodiscard]] Span span(std::size_t begin, std::size_t end) const noexcept {
    // Marks that canonical ordering moved may come from before or after their neighbours.
    Span span = sources_[begin];
    for (std::size_t at = begin + 1; at < end; ++at) {
      span.begin = std::min(span.begin, sources_[at].begin);
      span.end = std::max(span.end, sources_[at].end);
    }
    return span;
  }
  [[nodiscard]] Span whole() const noexcept { return whole_; }

  void clear() noexcept { size_ = characters_ = barrier_ = 0; }

  void push_ascii(char byte, Span source) noexcept {
    note(source);
    if (characters_ > limit_) return;
    if constexpr (kSpans) sources_[size_] = source;
    bytes_[size_++] = byte;
    barrier_ = size_;
  }

  void push(char32_t code, Span source) noexcept {
    append(code, source);
    barrier_ = size_;
  }

  /// Marks before this point stay before it.
  void bar_marks() noexcept { barrier_ = size_; }

  /// Places a mark before those marks of a higher class that stand last (canonical ordering).
  void push_mark(char32_t code, int combining_class, Span source) noexcept {
    const std::size_t begin = size_;
    append(code, source);
    if (characters_ > limit_) return;
    std::size_t at = begin;
    while (at > barrier_) {
      std::size_t previous = at - 1;
      while (previous > barrier_ && is_continuation(bytes_[previous])) --previous;
      const char32_t before = decode_utf8({bytes_.data() + previous, at - previous}, 0).code;
      if (BertChars::combining_class(before) <= combining_class) break;
      at = previous;
    }
    rotate(bytes_, at, begin);
    if constexpr (kSpans) rotate(sources_, at, begin);
  }

 private:
  void note(Span source) noexcept {
    if constexpr (kSpans) {
      if (characters_ == 0) whole_.begin = source.begin;
      whole_.end = source.end;
    }
    ++characters_;
  }

  void append(char32_t code, Span source) noexcept {
    note(source);
    if (characters_ > limit_) return;
    const std::uint32_t count = encode_utf8(code, bytes_.data() + size_);
    if constexpr (kSpans)
      std::fill_n(sources_.begin() + static_cast<std::ptrdiff_t>(size_), count, source);
    size_ += count;
  }

  template <typename T>
  void rotate(std::vector<T>& values, std::size_t to, std::size_t from) noexcept {
    const auto first = values.begin();
    std::rotate(first + static_cast<std::ptrdiff_t>(to), first + static_cast<std::ptrdiff_t>(from),
                first + static_cast<std::ptrdiff_t>(size_));
  }

  std::size_t limit_;
  std::size_t size_ = 0;
  std::size_t characters_ = 0;
  std::size_t barrier_ = 0;  // where the marks of the last letter begin
  std::vector<char> bytes_;
  std::vector<Span> sources_;
  Span whole_;
};

}  // namespace tamis
