// late_interaction/text_sequence.cpp
#include "late_interaction/text_sequence.hpp"

#include <algorithm>

#include <tamis/error.hpp>

namespace tamis {

std::size_t special_tokens(const PairTemplate& around) {
  return around.prefix.size() + around.suffix.size();
}

EncodedPair text_sequence(const PairTemplate& around, std::span<const TokenId> text,
                          std::size_t max_length, std::uint8_t type) {
  const std::size_t kept = std::min(text.size(), max_length - special_tokens(around));
  EncodedPair sequence;
  sequence.ids.reserve(kept + special_tokens(around));
  for (const TemplateToken& token : around.prefix) sequence.ids.push_back(token.id);
  sequence.ids.insert(sequence.ids.end(), text.begin(),
                      text.begin() + static_cast<std::ptrdiff_t>(kept));
  for (const TemplateToken& token : around.suffix) sequence.ids.push_back(token.id);
  sequence.type_ids.assign(sequence.ids.size(), type);
  sequence.document_tokens_cut = static_cast<std::uint32_t>(text.size() - kept);
  return sequence;
}

EncodedPair marked_sequence(const PairTemplate& around, std::span<const TokenId> text,
                            std::size_t max_length, std::optional<TokenId> marker) {
  EncodedPair sequence = text_sequence(around, text, max_length - (marker ? 1 : 0), 0);
  if (!marker) return sequence;
  sequence.ids.insert(sequence.ids.begin() + 1, *marker);
  sequence.type_ids.push_back(0);
  return sequence;
}

void refuse_cut(std::uint32_t tokens_cut, std::size_t max_length, std::string_view what) {
  if (tokens_cut == 0) return;
  raise<TruncationError>(
      "{} is {} tokens too long for the limit of {}; split it, or allow "
      "truncation",
      what, tokens_cut, max_length);
}

}  // namespace tamis
