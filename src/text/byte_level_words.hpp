// text/byte_level_words.hpp: where byte-level BPE splits a text: GPT-2's regular expression
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
#pragma once

#include <cstddef>
#include <string_view>

namespace tamis {

/// The end of the word that begins at `at`, which is inside `text`. `text` is valid UTF-8; every
/// byte of it is in some word.
[[nodiscard]] std::size_t byte_level_word_end(std::string_view text, std::size_t at);

}  // namespace tamis
