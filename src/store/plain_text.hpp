// store/plain_text.hpp: texts that every database takes, and the words in them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tamis::store {

/// Bytes of a query that goes out as it is, so that no server finds too many words in it.
inline constexpr std::size_t kLongestQuery = 2000;

/// U+FFFD for what is no UTF-8, a space for NUL.
[[nodiscard]] std::string plain_text(std::string_view text);

[[nodiscard]] bool is_blank(std::string_view utf8);

/// The first `most` bytes at most, cut between characters.
[[nodiscard]] std::string_view beginning_of(std::string_view utf8, std::size_t most);

/// The first 256 different words: letters and digits, at most 200 bytes each. They hold no quote
/// and no operator.
[[nodiscard]] std::vector<std::string> words_of(std::string_view utf8);

/// `"one"<between>"two"`.
[[nodiscard]] std::string quoted_words(const std::vector<std::string>& words,
                                       std::string_view between);

}  // namespace tamis::store
