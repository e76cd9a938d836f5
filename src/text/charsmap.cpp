// text/charsmap.cpp
#include "text/charsmap.hpp"

#include <utf8proc.h>

#include <tamis/error.hpp>

namespace tamis {
namespace {

// The fields of a unit of Darts' double array.
constexpr std::uint32_t offset_of(std::uint32_t unit) {
  return (unit >> 10U) << ((unit & (1U << 9U)) >> 6U);
}
constexpr std::uint32_t label_of(std::uint32_t unit) { return unit & (0x80000000U | 0xFFU); }
constexpr bool has_leaf(std::uint32_t unit) { return ((unit >> 8U) & 1U) != 0; }
constexpr std::uint32_t value_of(std::uint32_t unit) { return unit & 0x7FFFFFFFU; }

// Marks of Unicode 16 and 17, which older versions of utf8proc do not know.
bool is_newer_mark(char32_t code) {
  return code == 0x897 || (code >= 0x1ACF && code <= 0x1ADD) || (code >= 0x1AE0 && code <= 0x1AEB);
}

int bound_class(char32_t code) {
  if (is_newer_mark(code)) return UTF8PROC_BOUNDCLASS_EXTEND;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->boundclass;
}

bool joins_nothing(int bound) {
  return bound == UTF8PROC_BOUNDCLASS_OTHER || bound == UTF8PROC_BOUNDCLASS_START ||
         bound == UTF8PROC_BOUNDCLASS_CONTROL;
}

/// Where the grapheme cluster ends whose first code point is `first`.
std::size_t cluster_end(std::string_view text, std::size_t at, DecodedChar first) {
  utf8proc_int32_t state = 0;
  auto before = static_cast<utf8proc_int32_t>(first.code);
  int bound_before = bound_class(first.code);
  at += first.size;
  while (at < text.size()) {
    const DecodedChar next = decode_utf8(text, at);
    const int bound = bound_class(next.code);
    if (joins_nothing(bound) && bound_before != UTF8PROC_BOUNDCLASS_PREPEND) break;
    constexpr utf8proc_int32_t kKnownMark = 0x300;  // behaves as a newer one
    const auto code =
        is_newer_mark(next.code) ? kKnownMark : static_cast<utf8proc_int32_t>(next.code);
    if (utf8proc_grapheme_break_stateful(before, code, &state)) break;
    before = code;
    bound_before = bound;
    at += next.size;
  }
  return at;
}

}  // namespace

Charsmap::Charsmap(std::string_view blob) {
  const auto word = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (unsigned i = 0; i < 4; ++i) {
      value |= static_cast<std::uint32_t>(static_cast<unsigned char>(blob[at + i])) << (8U * i);
    }
    return value;
  };
  if (blob.empty()) return;
  const std::size_t trie_size = blob.size() < 4 ? 0 : word(0);
  if (trie_size < 4 || trie_size % 4 != 0 || trie_size > blob.size() - 4) {
    raise<TokenizerError>(
        "the precompiled charsmap says that its trie has {} bytes; it has {} in all", trie_size,
        blob.size());
  }
  units_.reserve(trie_size / 4);
  for (std::size_t at = 4; at < 4 + trie_size; at += 4) units_.push_back(word(at));
  strings_ = blob.substr(4 + trie_size);
  strings_.push_back('\0');  // so that every string ends
  if (!is_utf8(strings_)) raise<TokenizerError>("the precompiled charsmap replaces by no UTF-8");
  for (unsigned c = 1; c < ascii_.size(); ++c) {
    const char byte = static_cast<char>(c);
    ascii_[c] = find({&byte, 1}).has_value();
  }
}

std::optional<std::string_view> Charsmap::find(std::string_view key) const noexcept {
  std::uint32_t node = offset_of(units_[0]);
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return std::nullopt;
    node ^= byte;
    if (node >= units_.size()) return std::nullopt;  // a broken map
    const std::uint32_t unit = units_[node];
    if (label_of(unit) != byte) return std::nullopt;
    node ^= offset_of(unit);
    if (!has_leaf(unit)) continue;
    const std::uint32_t at = node < units_.size() ? value_of(units_[node]) : 0;
    if (at >= strings_.size() || is_continuation(strings_[at])) return std::nullopt;
    return std::string_view(strings_.data() + at);
  }
  return std::nullopt;
}

template <bool kSpans>
NormalizedText Charsmap::normalize(const NormalizedText& input) const {
  const std::string_view text = input.bytes;
  NormalizedText out;
  out.bytes.reserve(text.size() + 16);
  if constexpr (kSpans) out.sources.reserve(text.size() + 16);
  const auto ascii = [&](std::size_t at) { return static_cast<unsigned char>(text[at]) < 0x80; };
  constexpr std::size_t kWhole = 6;  // clusters of fewer bytes are replaced as a whole
  for (std::size_t at = 0; at < text.size();) {
    // A letter before another ASCII character is a cluster alone.
    std::size_t run = at;
    while (run < text.size() && ascii(run) && !ascii_[static_cast<unsigned char>(text[run])] &&
           (run + 1 == text.size() || ascii(run + 1))) {
      ++run;
    }
    if (run > at) {
      out.bytes.append(text.substr(at, run - at));
      if constexpr (kSpans) {
        out.sources.insert(out.sources.end(),
                           input.sources.begin() + static_cast<std::ptrdiff_t>(at),
                           input.sources.begin() + static_cast<std::ptrdiff_t>(run));
      }
      at = run;
      continue;
    }
    const std::size_t end = cluster_end(text, at, decode_utf8(text, at));
    if (end - at < kWhole) {
      if (const auto found = find(text.substr(at, end - at))) {
        out.append<kSpans>(*found, input.source<kSpans>(at, end));
        at = end;
        continue;
      }
    }
    while (at < end) {
      const std::size_t size = decode_utf8(text, at).size;
      const auto part = text.substr(at, size);
      out.append<kSpans>(find(part).value_or(part), input.source<kSpans>(at, at + size));
      at += size;
    }
  }
  return out;
}

template NormalizedText Charsmap::normalize<true>(const NormalizedText& text) const;
template NormalizedText Charsmap::normalize<false>(const NormalizedText& text) const;

}  // namespace tamis
