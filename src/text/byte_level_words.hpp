// text/byte_level_words.hpp: where byte-level BPE splits a text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tamis {

enum class WordPattern : std::uint8_t {
  whole,  ///< the whole text is one word
  /// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
  gpt2,
  /// (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|
  /// ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
  qwen2,
  llama3,  ///< the same, with \p{N}{1,3}
};

/// The end of the word that begins at `at`, which is inside `text`. `text` is valid UTF-8; every
/// byte of it is in some word.
[[nodiscard]] std::size_t byte_level_word_end(WordPattern pattern, std::string_view text,
                                              std::size_t at);

}  // namespace tamis
