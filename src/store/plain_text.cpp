// store/plain_text.cpp
#include "store/plain_text.hpp"

#include <unordered_set>
#include <utility>

#include <tamis/text/utf8.hpp>

namespace tamis::store {
namespace {

/// What databases' tokenizers keep, nearly: all but ASCII's, Latin-1's and general punctuation.
bool is_word(char32_t code) {
  if (code < 0x80) {
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
  }
  if (code < 0xC0) return code == 0xAA || code == 0xB5 || code == 0xBA;
  const bool punctuation = (code >= 0x2000 && code <= 0x206F) || (code >= 0x3000 && code <= 0x303F);
  return !punctuation && !is_white_space(code) && code != 0xFFFD;
}

}  // namespace

std::string plain_text(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const DecodedChar decoded = decode_utf8(text, at);
    if (!decoded.valid) {
      plain += "\xEF\xBF\xBD";
    } else if (decoded.code == 0) {
      plain += ' ';
    } else {
      plain += text.substr(at, decoded.size);
    }
    at += decoded.size;
  }
  return plain;
}

bool is_blank(std::string_view utf8) {
  for (std::size_t at = 0; at < utf8.size();) {
    const DecodedChar decoded = decode_utf8(utf8, at);
    if (!is_white_space(decoded.code)) return false;
    at += decoded.size;
  }
  return true;
}

std::string_view beginning_of(std::string_view utf8, std::size_t most) {
  if (utf8.size() <= most) return utf8;
  while (most > 0 && is_continuation(utf8[most])) --most;
  return utf8.substr(0, most);
}

std::vector<std::string> words_of(std::string_view utf8) {
  constexpr std::size_t kMostWords = 256;
  constexpr std::size_t kLongest = 200;
  std::vector<std::string> words;
  std::unordered_set<std::string_view> seen;
  std::size_t begin = 0;
  const auto end_word = [&](std::size_t end) {
    const std::string_view word = utf8.substr(begin, end - begin);
    if (!word.empty() && word.size() <= kLongest && seen.insert(word).second) {
      words.emplace_back(word);
    }
  };
  std::size_t at = 0;
  while (at < utf8.size() && words.size() < kMostWords) {
    const DecodedChar decoded = decode_utf8(utf8, at);
    if (!is_word(decoded.code)) {
      end_word(at);
      begin = at + decoded.size;
    }
    at += decoded.size;
  }
  if (words.size() < kMostWords) end_word(at);
  return words;
}

std::string quoted_words(const std::vector<std::string>& words, std::string_view between) {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += between;
    all += '"' + word + '"';
  }
  return all;
}

}  // namespace tamis::store
