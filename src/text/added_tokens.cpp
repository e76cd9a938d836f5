// text/added_tokens.cpp
#include "text/added_tokens.hpp"

#include <algorithm>
#include <utility>

#include <utf8proc.h>

#include <tamis/text/utf8.hpp>

namespace tamis {
namespace {

// The code point that ends at `end`.
DecodedChar decode_before(std::string_view text, std::size_t end) {
  for (std::size_t size = std::min<std::size_t>(4, end); size > 1; --size) {
    const DecodedChar c = decode_utf8(text, end - size);
    if (c.valid && c.size == size) return c;
  }
  return decode_utf8(text, end - 1);
}

// What a regular expression's \w matches.
bool is_word_character(char32_t code) {
  if (code == 0x200C || code == 0x200D || (code >= 0x24B6 && code <= 0x24E9)) return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(code))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:
      return false;
  }
}

bool touches_word(std::string_view text, std::size_t begin, std::size_t end) {
  return (begin > 0 && is_word_character(decode_before(text, begin).code)) ||
         (end < text.size() && is_word_character(decode_utf8(text, end).code));
}

std::size_t space_before(std::string_view text, std::size_t begin, std::size_t limit) {
  while (begin > limit) {
    const DecodedChar c = decode_before(text, begin);
    if (!is_white_space(c.code)) break;
    begin -= c.size;
  }
  return std::max(begin, limit);
}

std::size_t space_after(std::string_view text, std::size_t end) {
  while (end < text.size()) {
    const DecodedChar c = decode_utf8(text, end);
    if (!is_white_space(c.code)) break;
    end += c.size;
  }
  return end;
}

}  // namespace

AddedTokens::AddedTokens(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].content.empty()) continue;
    entries.emplace_back(tokens_[i].content, static_cast<std::int32_t>(i));
    first_[static_cast<unsigned char>(tokens_[i].content[0])] = true;
  }
  trie_ = ByteTrie(std::move(entries));
}

std::optional<AddedTokens::Match> AddedTokens::next(std::string_view text, std::size_t from,
                                                    std::size_t done) const {
  for (; from < text.size(); ++from) {
    if (!first_[static_cast<unsigned char>(text[from])]) continue;
    std::int32_t found = ByteTrie::kNoValue;
    std::size_t found_end = from;
    std::uint32_t node = ByteTrie::kRoot;
    for (std::size_t at = from; at < text.size(); ++at) {
      node = trie_.step(node, static_cast<unsigned char>(text[at]));
      if (node == ByteTrie::kNowhere) break;
      if (trie_.value(node) == ByteTrie::kNoValue) continue;
      found = trie_.value(node);
      found_end = at + 1;
    }
    if (found == ByteTrie::kNoValue) continue;
    const AddedToken& token = tokens_[static_cast<std::size_t>(found)];
    if (token.single_word && touches_word(text, from, found_end)) {
      from = found_end - 1;  // a discarded match is passed over as a whole
      continue;
    }
    Match match{from, found_end, token.id, found_end};
    if (token.strip_left) match.begin = space_before(text, from, done);
    if (token.strip_right) match.end = space_after(text, found_end);
    match.begin = std::min(match.begin, match.end);
    return match;
  }
  return std::nullopt;
}

}  // namespace tamis
