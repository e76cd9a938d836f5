// text/normalizer.cpp
#include "text/normalizer.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <utf8proc.h>

#include "text/combining_class.hpp"
#include "text/compose.hpp"
#include "text/letter_case.hpp"
#include "text/unicode_tables.hpp"

namespace tamis {
namespace {

/// Calls `each(code point, begin, end)`.
template <typename Each>
void for_each_character(std::string_view text, Each&& each) {
  for (std::size_t at = 0; at < text.size();) {
    const DecodedChar c = decode_utf8(text, at);
    each(c.code, at, at + c.size);
    at += c.size;
  }
}

template <bool kSpans>
void append_code(NormalizedText& out, char32_t code, Span source) {
  std::array<char, 4> bytes{};
  out.append<kSpans>({bytes.data(), encode_utf8(code, bytes.data())}, source);
}

template <bool kSpans>
NormalizedText replace(const NormalizedText& text, const NormalizerStep& step) {
  NormalizedText out;
  const std::string_view bytes = text.bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.substr(at).starts_with(step.pattern)) {
      const std::size_t end = at + step.pattern.size();
      out.append<kSpans>(step.content, text.source<kSpans>(at, end));
      at = end;
    } else {
      out.append<kSpans>(bytes.substr(at, 1), text.source<kSpans>(at, at + 1));
      ++at;
    }
  }
  return out;
}

template <bool kSpans>
NormalizedText collapse_spaces(const NormalizedText& text, const NormalizerStep& step) {
  NormalizedText out;
  const std::string_view bytes = text.bytes;
  for (std::size_t at = 0; at < bytes.size();) {
    std::size_t end = std::min(bytes.find_first_not_of(' ', at), bytes.size());
    if (end - at >= 2) {
      out.append<kSpans>(step.content, text.source<kSpans>(at, end));
    } else {
      end = at + 1;
      out.append<kSpans>(bytes.substr(at, 1), text.source<kSpans>(at, end));
    }
    at = end;
  }
  return out;
}

template <bool kSpans>
NormalizedText collapse_white_space(const NormalizedText& text, const NormalizerStep& step) {
  NormalizedText out;
  std::size_t begin = 0;  // of the run of white space that ends where the text is read
  std::size_t count = 0;
  const auto flush = [&](std::size_t end) {
    const std::string_view run = std::string_view(text.bytes).substr(begin, end - begin);
    const bool replaced = count > 1 || run == "\n" || run == "\r" || run == "\t";
    if (count > 0)
      out.append<kSpans>(replaced ? step.content : run, text.source<kSpans>(begin, end));
    count = 0;
  };
  for_each_character(text.bytes, [&](char32_t code, std::size_t at, std::size_t next) {
    if (is_white_space(code)) {
      if (count++ == 0) begin = at;
      return;
    }
    flush(at);
    append_code<kSpans>(out, code, text.source<kSpans>(at, next));
  });
  flush(text.bytes.size());
  return out;
}

struct Decomposed {
  char32_t code;
  int combining_class;
  Span source;
};

template <bool kSpans>
NormalizedText decompose(const NormalizedText& text, int form) {
  NormalizedText out;
  std::vector<Decomposed> marks;  // since the last letter; sorted before they are written
  const auto flush = [&] {
    std::stable_sort(marks.begin(), marks.end(), [](const Decomposed& a, const Decomposed& b) {
      return a.combining_class < b.combining_class;
    });
    for (const Decomposed& mark : marks) append_code<kSpans>(out, mark.code, mark.source);
    marks.clear();
  };
  for_each_character(text.bytes, [&](char32_t code, std::size_t begin, std::size_t end) {
    std::array<utf8proc_int32_t, 32> buffer{static_cast<utf8proc_int32_t>(code)};
    int last_class = 0;
    utf8proc_ssize_t count = 0;
    if (!contains(kNewerDecompositions, code)) {
      count = utf8proc_decompose_char(
          buffer[0], buffer.data(), static_cast<utf8proc_ssize_t>(buffer.size()),
          static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | form), &last_class);
    }
    if (count < 1) {
      buffer[0] = static_cast<utf8proc_int32_t>(code);
      count = 1;
    }
    for (utf8proc_ssize_t i = 0; i < count; ++i) {
      const auto part = static_cast<char32_t>(buffer[static_cast<std::size_t>(i)]);
      const int part_class = combining_class(part);
      if (part_class == 0) {
        flush();
        append_code<kSpans>(out, part, text.source<kSpans>(begin, end));
      } else {
        marks.push_back({part, part_class, text.source<kSpans>(begin, end)});
      }
    }
  });
  flush();
  return out;
}

// Below U+0300, whose first byte this is, text is composed, and nothing composes with it.
bool is_composed(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(),
                     [](char byte) { return static_cast<unsigned char>(byte) < 0xCC; });
}

template <bool kSpans, std::size_t N>
NormalizedText drop(const NormalizedText& text, const CodePointRange (&dropped)[N]) {
  NormalizedText out;
  for_each_character(text.bytes, [&](char32_t code, std::size_t begin, std::size_t end) {
    if (!contains(dropped, code)) append_code<kSpans>(out, code, text.source<kSpans>(begin, end));
  });
  return out;
}

template <bool kSpans>
NormalizedText clean(const NormalizedText& text) {
  NormalizedText out;
  for_each_character(text.bytes, [&](char32_t code, std::size_t begin, std::size_t end) {
    if (contains(kRemoved, code)) return;
    append_code<kSpans>(out, is_white_space(code) ? U' ' : code, text.source<kSpans>(begin, end));
  });
  return out;
}

template <bool kSpans>
NormalizedText space_chinese(const NormalizedText& text) {
  NormalizedText out;
  for_each_character(text.bytes, [&](char32_t code, std::size_t begin, std::size_t end) {
    const Span source = text.source<kSpans>(begin, end);
    const bool chinese = contains(kChinese, code);
    if (chinese) out.append<kSpans>(" ", source);
    append_code<kSpans>(out, code, source);
    if (chinese) out.append<kSpans>(" ", source);
  });
  return out;
}

template <bool kSpans>
NormalizedText lowercase(const NormalizedText& text) {
  NormalizedText out;
  for_each_character(text.bytes, [&](char32_t code, std::size_t begin, std::size_t end) {
    const Span source = text.source<kSpans>(begin, end);
    append_code<kSpans>(out, code == kDottedI ? U'i' : lower_case(code), source);
    if (code == kDottedI) append_code<kSpans>(out, 0x307, source);
  });
  return out;
}

template <bool kSpans>
NormalizedText trim(NormalizedText text, bool left) {
  std::size_t begin = text.bytes.size();
  std::size_t end = 0;
  for_each_character(text.bytes, [&](char32_t code, std::size_t at, std::size_t next) {
    if (is_white_space(code)) return;
    begin = std::min(begin, at);
    end = next;
  });
  if (left) end = text.bytes.size();
  if (!left) begin = 0;
  text.bytes = text.bytes.substr(begin, end - begin);
  if constexpr (kSpans) {
    text.sources.resize(end);
    text.sources.erase(text.sources.begin(),
                       text.sources.begin() + static_cast<std::ptrdiff_t>(begin));
  }
  return text;
}

}  // namespace

template <bool kSpans>
NormalizedText Normalizer::operator()(NormalizedText text) const {
  for (const NormalizerStep& step : steps_) {
    switch (step.kind) {
      case NormalizerStep::Kind::charsmap:
        if (!charsmap_.empty()) text = charsmap_.normalize<kSpans>(text);
        break;
      case NormalizerStep::Kind::replace:
        text = replace<kSpans>(text, step);
        break;
      case NormalizerStep::Kind::collapse_spaces:
        text = collapse_spaces<kSpans>(text, step);
        break;
      case NormalizerStep::Kind::collapse_white_space:
        text = collapse_white_space<kSpans>(text, step);
        break;
      case NormalizerStep::Kind::decompose:
        text = decompose<kSpans>(text, UTF8PROC_COMPAT);
        break;
      case NormalizerStep::Kind::decompose_canonical:
        text = decompose<kSpans>(text, 0);
        break;
      case NormalizerStep::Kind::compose:
        text = compose<kSpans>(decompose<kSpans>(text, UTF8PROC_COMPAT));
        break;
      case NormalizerStep::Kind::compose_canonical:
        if (!is_composed(text.bytes)) text = compose<kSpans>(decompose<kSpans>(text, 0));
        break;
      case NormalizerStep::Kind::strip_accents:
        text = drop<kSpans>(text, kCombiningMarks);
        break;
      case NormalizerStep::Kind::strip_nonspacing:
        text = drop<kSpans>(text, kAccents);
        break;
      case NormalizerStep::Kind::clean:
        text = clean<kSpans>(text);
        break;
      case NormalizerStep::Kind::space_chinese:
        text = space_chinese<kSpans>(text);
        break;
      case NormalizerStep::Kind::lowercase:
        text = lowercase<kSpans>(text);
        break;
      case NormalizerStep::Kind::trim_left:
      case NormalizerStep::Kind::trim_right:
        text = trim<kSpans>(std::move(text), step.kind == NormalizerStep::Kind::trim_left);
        break;
    }
  }
  return text;
}

template NormalizedText Normalizer::operator()<true>(NormalizedText text) const;
template NormalizedText Normalizer::operator()<false>(NormalizedText text) const;

}  // namespace tamis
