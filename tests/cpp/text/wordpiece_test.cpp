// WordPiece on a vocabulary one can read; the proof against `tokenizers` is in tests/python.
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/text/wordpiece.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::Span;
using tamis::TokenId;
using tamis::WordPieceOptions;
using tamis::WordPieceTokenizer;

namespace {

WordPieceOptions options() {
  return {.vocab = {"[UNK]", "un", "##want", "##ed", "runn", "##ing", ",", "cafe", "\xE6\x9D\xB1",
                    "\xEF\xBF\xBD", "a", "##\xC3\xA9"},
          .added = {{.content = "[MASK]", .id = 50}}};
}

using Ids = std::vector<TokenId>;

}  // namespace

TEST_CASE("words are split into the longest pieces", "[text]") {
  const WordPieceTokenizer tokenizer(options());
  CHECK(tokenizer.tokenize("UNwanted, running").ids == Ids{1, 2, 3, 6, 4, 5});
  CHECK(tokenizer.tokenize("unwantedX running").ids == Ids{0, 4, 5});
  CHECK(tokenizer.tokenize("").ids.empty());
  CHECK(tokenizer.tokenize(" \t\n").ids.empty());
}

TEST_CASE("accents, ideographs, controls and long words", "[text]") {
  const WordPieceTokenizer tokenizer(options());
  CHECK(tokenizer.tokenize("Caf\xC3\xA9").ids == Ids{7});
  CHECK(tokenizer.tokenize("cafe\xCC\x81").ids == Ids{7});
  CHECK(tokenizer
            .tokenize("a\xE6\x9D\xB1"
                      "a")
            .ids == Ids{10, 8, 10});
  CHECK(tokenizer.tokenize(std::string_view("u\0n\x01", 4)).ids == Ids{1});
  CHECK(tokenizer.tokenize(std::string(101, 'a')).ids == Ids{0});

  auto cased = options();
  cased.strip_accents = cased.lowercase = false;
  CHECK(WordPieceTokenizer(cased).tokenize("a\xC3\xA9 A").ids == Ids{10, 11, 0});
}

TEST_CASE("invalid UTF-8 reads as U+FFFD, which BERT drops when it cleans", "[text]") {
  CHECK(WordPieceTokenizer(options()).tokenize("u\xFFn").ids == Ids{1});
  auto uncleaned = options();
  uncleaned.clean_text = false;
  CHECK(WordPieceTokenizer(uncleaned).tokenize("\xE2\x82 a").ids == Ids{9, 10});
}

TEST_CASE("spans are bytes of the text", "[text]") {
  const WordPieceTokenizer tokenizer(options());
  const auto tokens = tokenizer.tokenize("Caf\xC3\xA9 [MASK]unwanted,", true);
  CHECK(tokens.ids == Ids{7, 50, 1, 2, 3, 6});
  CHECK(tokens.spans == std::vector<Span>{{0, 5}, {6, 12}, {12, 14}, {14, 18}, {18, 20}, {20, 21}});
  CHECK(tokenizer.tokenize("cafe").spans.empty());
}

TEST_CASE("a vocabulary without the unknown token is refused", "[text]") {
  CHECK(contains(message_of<tamis::TokenizerError>([] { WordPieceTokenizer({.vocab = {"a"}}); }),
                 "[UNK]"));
}
