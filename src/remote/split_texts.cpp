// remote/split_texts.cpp
#include "remote/split_texts.hpp"

namespace tamis::remote {
namespace {

constexpr std::size_t kBytesPerToken = 3;

}  // namespace

std::vector<TextRange> split_texts(std::size_t asked_bytes, std::span<const std::string_view> texts,
                                   std::size_t max_documents, std::size_t max_tokens) {
  std::vector<TextRange> ranges;
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::size_t own = (asked_bytes + texts[i].size()) / kBytesPerToken + 1;
    const bool full = !ranges.empty() && (ranges.back().count == max_documents ||
                                          (max_tokens != 0 && tokens + own > max_tokens));
    if (ranges.empty() || full) {
      ranges.push_back({i, 0});
      tokens = 0;
    }
    ++ranges.back().count;
    tokens += own;
  }
  return ranges;
}

}  // namespace tamis::remote
