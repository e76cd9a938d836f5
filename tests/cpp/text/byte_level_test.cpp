// Byte-level BPE over a vocabulary one can read; the proof against `tokenizers` is in tests/python.
#include <string>
#include <string_view>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/text/byte_level.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "text/byte_alphabet.hpp"
#include "text/byte_level_words.hpp"

using tamis::ByteLevelTokenizer;
using tamis::Span;
using tamis::TokenId;
using Ids = std::vector<TokenId>;
using Words = std::vector<std::string>;

namespace {

using tamis::WordPattern;

Words words_of(std::string_view text, WordPattern pattern = WordPattern::gpt2) {
  Words words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = tamis::byte_level_word_end(pattern, text, at);
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

void write(const TemporaryFolder& folder, std::string_view config = "{}") {
  folder.write("vocab.json", R"({"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5,
    "ab": 6, "Ġ": 7, "Ġab": 8, "Ã": 9, "©": 10, "<mask>": 11, "aĠ": 12})");
  folder.write("merges.txt", "#version: 0.2\na b\nĠ ab\n");
  folder.write("config.json", R"({"model_type": "roberta"})");
  folder.write("tokenizer_config.json", config);
}

}  // namespace

TEST_CASE("every byte has a character", "[text]") {
  CHECK(tamis::byte_of_character(U'a') == 'a');
  CHECK(tamis::byte_of_character(0x120) == ' ');
  CHECK(tamis::byte_of_character(0x143) == 0xAD);
  CHECK_FALSE(tamis::byte_of_character(0x144));
  CHECK(tamis::bytes_of_piece("ĠÃ©") == " é");
  CHECK(tamis::bytes_of_piece("a b").empty());
}

TEST_CASE("words are GPT-2's", "[text]") {
  CHECK(words_of("It's 42 cats!!") == Words{"It", "'s", " 42", " cats", "!!"});
  CHECK(words_of("a  b \n c") == Words{"a", " ", " b", " \n", " c"});
  CHECK(words_of("\u00A0x'Re  ") == Words{"\u00A0", "x", "'", "Re", "  "});
  CHECK(words_of("déjà१") == Words{"déjà", "१"});
}

TEST_CASE("words are Qwen's and Llama's", "[text]") {
  constexpr auto kQwen = WordPattern::qwen2;
  CHECK(words_of("It'S 42 (cats)!!\n\nx", kQwen) ==
        Words{"It", "'S", " ", "4", "2", " (", "cats", ")!!\n\n", "x"});
  CHECK(words_of("a \t\n \n  b\u00A0c", kQwen) == Words{"a", " \t\n \n", " ", " b", "\u00A0c"});
  CHECK(words_of("we'\u017F  ", kQwen) == Words{"we", "'\u017F", "  "});
  CHECK(words_of("12345", WordPattern::llama3) == Words{"123", "45"});
  CHECK(words_of("a b!", WordPattern::whole) == Words{"a b!"});
}

TEST_CASE("bytes merge by rank, and text that has no piece is left out", "[text]") {
  const TemporaryFolder folder;
  write(folder);
  const auto tokenizer = ByteLevelTokenizer::load(folder.path());
  CHECK(tokenizer.tokenize("ab ab aé").ids == Ids{6, 8, 7, 4, 9, 10});
  CHECK(tokenizer.tokenize("xyz").ids.empty());
  CHECK(tokenizer.tokenize("").ids.empty());
  CHECK(tokenizer.pad_id() == 1);
  CHECK(tokenizer.pair_template().special_tokens() == 4);
}

TEST_CASE("spans are whole characters", "[text]") {
  const TemporaryFolder folder;
  write(folder, R"({"add_prefix_space": true,
    "mask_token": {"content": "<mask>", "lstrip": true, "normalized": true}})");
  const auto tokens = ByteLevelTokenizer::load(folder.path()).tokenize("ab é <mask>", true);
  CHECK(tokens.ids == Ids{8, 7, 9, 10, 11});
  CHECK(tokens.spans == std::vector<Span>{{0, 2}, {2, 3}, {3, 5}, {3, 5}, {5, 12}});
}

TEST_CASE("a broken merge is named", "[text]") {
  const TemporaryFolder folder;
  const auto refusal = [&] {
    return message_of<tamis::TokenizerError>(
        [&] { (void)ByteLevelTokenizer::load(folder.path()); });
  };
  write(folder);
  folder.write("merges.txt", "a x\n");
  CHECK(contains(refusal(), "a merge names 'x'"));
  folder.write("merges.txt", "a b c\n");
  CHECK(contains(refusal(), "no pair of pieces"));
  folder.write("vocab.json", "[]");
  CHECK(contains(refusal(), "vocab.json is no JSON object"));
}
