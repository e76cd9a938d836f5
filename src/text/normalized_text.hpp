// text/normalized_text.hpp: a text on its way through normalisation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/text/tokens.hpp>
#include <tamis/text/utf8.hpp>

namespace tamis {

/// Valid UTF-8 and, where spans are wanted, the bytes of the original that each byte stands for.
struct NormalizedText {
  std::string bytes;
  std::vector<Span> sources;

  template <bool kSpans>
  void append(std::string_view added, Span source) {
    bytes.append(added);
    if constexpr (kSpans) sources.insert(sources.end(), added.size(), source);
  }

  /// Of bytes [begin, end), 0 < end; of none: the place behind what is before them.
  template <bool kSpans>
  [[nodiscard]] Span source(std::size_t begin, std::size_t end) const noexcept {
    if constexpr (kSpans) {
      const std::uint32_t last = sources[end - 1].end;
      return {begin < end ? sources[begin].begin : last, last};
    }
    return {};
  }

  template <bool kSpans>
  [[nodiscard]] NormalizedText slice(std::size_t begin, std::size_t end) const {
    NormalizedText part{bytes.substr(begin, end - begin), {}};
    if constexpr (kSpans) {
      const auto at = [&](std::size_t i) {
        return sources.begin() + static_cast<std::ptrdiff_t>(i);
      };
      part.sources.assign(at(begin), at(end));
    }
    return part;
  }

  /// `text`, which begins at `offset` of the original, with U+FFFD for what is no UTF-8.
  template <bool kSpans>
  [[nodiscard]] static NormalizedText from(std::string_view text, std::uint32_t offset) {
    NormalizedText result;
    result.bytes.reserve(text.size());
    if constexpr (kSpans) result.sources.reserve(text.size());
    std::size_t kept = 0;
    for (std::size_t at = 0; at < text.size();) {
      const DecodedChar c = static_cast<unsigned char>(text[at]) < 0x80
                                ? DecodedChar{static_cast<unsigned char>(text[at]), 1, true}
                                : decode_utf8(text, at);
      const auto begin = static_cast<std::uint32_t>(at) + offset;
      if constexpr (kSpans) {
        result.append<true>(c.valid ? text.substr(at, c.size) : std::string_view("\xEF\xBF\xBD"),
                            {begin, begin + c.size});
      } else if (!c.valid) {
        result.bytes.append(text.substr(kept, at - kept)).append("\xEF\xBF\xBD");
        kept = at + c.size;
      }
      at += c.size;
    }
    if constexpr (!kSpans) result.bytes.append(text.substr(kept));
    return result;
  }
};

}  // namespace tamis
