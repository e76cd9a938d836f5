// text/bert_chars.hpp: what BERT's cleaning, accent stripping, lowering and splitting make of each
// code point, in one look-up.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tamis {

enum class CharKind : std::uint8_t {
  letter,    ///< part of a word
  space,     ///< ends a word
  isolated,  ///< a word of its own
  drop,      ///< as if it were not there
  accent,    ///< dropped, and marks after it are not reordered with those before
  mark,      ///< part of a word; canonical ordering may move it before other marks
  several,   ///< the index of a sequence
  hangul,    ///< a syllable that decomposes into letters
};

/// A kind, and the code point that stands for the one looked up.
struct CharEntry {
  std::uint32_t bits = 0;

  constexpr CharEntry() = default;
  constexpr CharEntry(CharKind kind, char32_t value)
      : bits(static_cast<std::uint32_t>(kind) << 24U | static_cast<std::uint32_t>(value)) {}
  [[nodiscard]] constexpr CharKind kind() const { return static_cast<CharKind>(bits >> 24U); }
  [[nodiscard]] constexpr char32_t value() const { return bits & 0xFFFFFFU; }
};

struct BertCharOptions {
  bool clean_text = true;
  bool split_chinese = true;
  bool strip_accents = true;
  bool lowercase = true;
};

class BertChars {
 public:
  explicit BertChars(const BertCharOptions& options);

  [[nodiscard]] CharEntry operator[](char32_t code) const noexcept {
    const std::uint16_t block = blocks_[code >> kBits];
    return block == kPlain ? CharEntry(CharKind::letter, code)
                           : entries_[(std::size_t{block} << kBits) + (code & kMask)];
  }

  /// Of an entry of kind `several`.
  [[nodiscard]] std::span<const CharEntry> sequence(CharEntry entry) const noexcept {
    const CharEntry* first = &pool_[entry.value()];
    return {first + 1, first->bits};
  }

  /// The canonical combining class of an entry of kind `mark`.
  [[nodiscard]] static int combining_class(char32_t code) noexcept;

 private:
  static constexpr unsigned kBits = 8;
  static constexpr char32_t kMask = 0xFF;
  static constexpr std::uint16_t kPlain = 0xFFFF;
  static constexpr std::size_t kBlocks = 0x110000 >> kBits;

  void set(char32_t code, CharEntry entry);
  void fill(const BertCharOptions& options);
  [[nodiscard]] CharEntry entry_for(char32_t code, const BertCharOptions& options);
  void append_lowered(std::vector<CharEntry>& out, char32_t code,
                      const BertCharOptions& options) const;

  std::array<std::uint16_t, kBlocks> blocks_;
  std::vector<CharEntry> entries_;
  std::vector<CharEntry> pool_;  // of each sequence its length, then its entries
};

}  // namespace tamis
