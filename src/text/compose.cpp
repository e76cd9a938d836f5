// text/compose.cpp
#include "text/compose.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <vector>

#include "text/combining_class.hpp"

namespace tamis {
namespace {

struct Composition {
  char32_t first;
  char32_t second;
  char32_t composite;
};

#include "text/composition_tables.inc"

constexpr char32_t kNone = 0;

// The Unicode Standard, section 3.12.
char32_t hangul_syllable(char32_t first, char32_t second) {
  constexpr char32_t kSyllables = 0xAC00;
  constexpr char32_t kLeads = 0x1100;
  constexpr char32_t kVowels = 0x1161;
  constexpr char32_t kTrails = 0x11A7;  // one before the first
  constexpr char32_t kVowelCount = 21;
  constexpr char32_t kTrailCount = 28;
  if (first - kLeads < 19 && second - kVowels < kVowelCount) {
    return kSyllables + ((first - kLeads) * kVowelCount + second - kVowels) * kTrailCount;
  }
  const char32_t syllable = first - kSyllables;
  const bool open = syllable < 19 * kVowelCount * kTrailCount && syllable % kTrailCount == 0;
  if (open && second > kTrails && second < kTrails + kTrailCount) return first + second - kTrails;
  return kNone;
}

char32_t composite_of(char32_t first, char32_t second) {
  if (const char32_t syllable = hangul_syllable(first, second)) return syllable;
  const auto key = [](const Composition& each) { return std::tuple(each.first, each.second); };
  const auto* const found = std::lower_bound(
      std::begin(kCompositions), std::end(kCompositions), std::tuple(first, second),
      [&](const Composition& each, const auto& pair) { return key(each) < pair; });
  const bool is_there =
      found != std::end(kCompositions) && key(*found) == std::tuple(first, second);
  return is_there ? found->composite : kNone;
}

struct Character {
  char32_t code;
  Span source;
};

/// A letter and the marks behind it.
template <bool kSpans>
class Cluster {
 public:
  explicit Cluster(NormalizedText& out) : out_(out) {}

  void add(Character next) {
    const int mark_class = combining_class(next.code);
    if (absorbs(next, mark_class)) return;
    if (mark_class == 0) {
      flush();
      has_letter_ = true;
    }
    last_class_ = mark_class;
    characters_.push_back(next);
  }

  void flush() {
    for (const Character& each : characters_) {
      std::array<char, 4> bytes{};
      out_.append<kSpans>({bytes.data(), encode_utf8(each.code, bytes.data())}, each.source);
    }
    characters_.clear();
    has_letter_ = false;
  }

 private:
  // A mark reaches the letter past marks of lower classes alone.
  bool absorbs(Character next, int mark_class) {
    if (!has_letter_) return false;
    if (characters_.size() > 1 && last_class_ >= mark_class) return false;
    Character& letter = characters_.front();
    const char32_t composite = composite_of(letter.code, next.code);
    if (composite == kNone) return false;
    letter.code = composite;
    if constexpr (kSpans) {
      letter.source = {std::min(letter.source.begin, next.source.begin),
                       std::max(letter.source.end, next.source.end)};
    }
    return true;
  }

  NormalizedText& out_;
  std::vector<Character> characters_;
  bool has_letter_ = false;
  int last_class_ = 0;
};

}  // namespace

template <bool kSpans>
NormalizedText compose(const NormalizedText& text) {
  NormalizedText out;
  Cluster<kSpans> cluster(out);
  for (std::size_t at = 0; at < text.bytes.size();) {
    const DecodedChar c = decode_utf8(text.bytes, at);
    cluster.add({c.code, text.source<kSpans>(at, at + c.size)});
    at += c.size;
  }
  cluster.flush();
  return out;
}

template NormalizedText compose<true>(const NormalizedText& text);
template NormalizedText compose<false>(const NormalizedText& text);

}  // namespace tamis
