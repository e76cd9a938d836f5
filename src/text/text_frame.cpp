// text/text_frame.cpp
#include "text/text_frame.hpp"

#include <algorithm>

namespace tamis {

void TextFrame::set_added(std::vector<AddedToken> tokens) {
  std::vector<AddedToken> in_normalized;
  for (AddedToken& token : tokens) {
    vocab_size = std::max(vocab_size, static_cast<std::size_t>(token.id) + 1);
    if (!token.normalized) continue;
    in_normalized.push_back(token);
    in_normalized.back().content =
        normalizer.operator()<false>(NormalizedText::from<false>(token.content, 0)).bytes;
    token.content.clear();
  }
  std::erase_if(tokens, [](const AddedToken& token) { return token.content.empty(); });
  added = AddedTokens(std::move(tokens));
  normalized = AddedTokens(std::move(in_normalized));
}

}  // namespace tamis
