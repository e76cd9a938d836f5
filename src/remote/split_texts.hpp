// remote/split_texts.hpp: documents of one request.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace tamis::remote {

struct TextRange {
  std::size_t first;
  std::size_t count;
};

/// Neighbouring texts, at most `max_documents` and about `max_tokens` (0: no limit) a range; a text
/// that is too long for itself is a range of its own. What is asked, instruction and query, counts
/// once for each text. Tokens are guessed at three bytes each.
[[nodiscard]] std::vector<TextRange> split_texts(std::size_t asked_bytes,
                                                 std::span<const std::string_view> texts,
                                                 std::size_t max_documents, std::size_t max_tokens);

}  // namespace tamis::remote
