// tamis/text/wordpiece.hpp: BERT's tokenizer: cleaning, words and punctuation, then the longest
// pieces.
//
//   auto tokenizer = tamis::WordPieceTokenizer({.vocab = {"[UNK]", "a", "##b"}});
//   tokenizer.tokenize("ab").ids;  // {1, 2}
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/text/added_token.hpp>
#include <tamis/text/tokenizer.hpp>

namespace tamis {

/// The most that WordPieceOptions::max_word_characters can be.
inline constexpr std::size_t kLongestWord = 1'000'000;

struct WordPieceOptions {
  std::vector<std::string> vocab;  ///< the index is the id; of equal entries the last one counts
  bool clean_text = true;          ///< drop controls, make every white space a space
  bool split_chinese = true;       ///< every CJK ideograph is a word
  bool strip_accents = true;
  bool lowercase = true;
  std::string unknown = "[UNK]";
  std::string continuation = "##";
  std::size_t max_word_characters = 100;  ///< a longer word is unknown; at most kLongestWord
  std::vector<AddedToken> added;          ///< matched before words are
  PairTemplate pair_template;
  std::size_t max_length = kNoLimit;
  TokenId pad_id = 0;
};

/// Equal, token for token, to Hugging Face `tokenizers`' BertNormalizer, BertPreTokenizer and
/// WordPiece; docs/tokenizers.md says how that is checked.
class WordPieceTokenizer {
 public:
  /// Throws TokenizerError when `unknown` is not in the vocabulary, and for words that may be
  /// longer than kLongestWord.
  explicit WordPieceTokenizer(WordPieceOptions options);

  [[nodiscard]] Tokens tokenize(std::string_view text, bool with_spans = false) const;
  [[nodiscard]] const PairTemplate& pair_template() const noexcept;
  [[nodiscard]] std::size_t max_length() const noexcept;
  [[nodiscard]] std::size_t vocab_size() const noexcept;
  [[nodiscard]] TokenId pad_id() const noexcept;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

static_assert(Tokenizer<WordPieceTokenizer>);

}  // namespace tamis
