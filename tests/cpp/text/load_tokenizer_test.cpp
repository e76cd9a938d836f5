// A folder becomes a tokenizer, or one sentence that names the file.
#include <filesystem>
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/text/load_tokenizer.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using tamis::load_tokenizer;
using tamis::TokenId;
using Ids = std::vector<TokenId>;

namespace {

constexpr const char* kVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\n##b\n";

std::string refusal(const TemporaryFolder& folder) {
  return message_of<tamis::TokenizerError>([&] { (void)load_tokenizer(folder.path()); });
}

}  // namespace

TEST_CASE("vocab.txt with tokenizer_config.json", "[text]") {
  const TemporaryFolder folder;
  folder.write("vocab.txt", kVocab);
  folder.write("tokenizer_config.json", R"({"do_lower_case": true, "model_max_length": 512})");
  const auto tokenizer = load_tokenizer(folder.path());
  CHECK(tokenizer.tokenize("AB [MASK] x").ids == Ids{5, 6, 4, 1});
  CHECK(tokenizer.max_length() == 512);
  CHECK(tokenizer.vocab_size() == 7);
  CHECK(tokenizer.pad_id() == 0);
  CHECK(tokenizer.pair_template().special_tokens() == 3);
  CHECK(tokenizer.pair_template().document_type == 1);
}

TEST_CASE("config.json may ask for our own pair template", "[text]") {
  const TemporaryFolder folder;
  folder.write("vocab.txt", kVocab);
  folder.write("config.json", R"({"pair_template": "cls_sep_cls_sep"})");
  const auto tokenizer = load_tokenizer(folder.path());
  CHECK(tokenizer.pair_template().infix == std::vector<tamis::TemplateToken>{{3, 0}, {2, 1}});
}

TEST_CASE("what is missing or broken is named", "[text]") {
  const TemporaryFolder folder;
  CHECK(contains(refusal(folder), "holds no tokenizer"));
  folder.write("vocab.txt", "a\n");
  CHECK(contains(refusal(folder), "vocab.txt"));
  folder.write("vocab.txt", kVocab);
  folder.write("tokenizer_config.json", "{");
  CHECK(contains(refusal(folder), "tokenizer_config.json is no JSON object"));
  folder.write("tokenizer_config.json", R"({"tokenizer_class": "BertJapaneseTokenizer"})");
  CHECK(contains(refusal(folder), "BertJapaneseTokenizer"));
  folder.write("tokenizer.json", "[]");
  CHECK(contains(refusal(folder), "tokenizer.json is no JSON object"));
}

TEST_CASE("brackets without end and links that lead nowhere", "[text]") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string name : {"tokenizer.json", "tokenizer_config.json"}) {
    const TemporaryFolder folder;
    folder.write("vocab.txt", kVocab);
    folder.write(name, R"({"a": ")" + std::string(200, '[') + R"(\"", "b": 3})");
    if (name != "tokenizer.json") CHECK_NOTHROW(load_tokenizer(folder.path()));  // in a string
    folder.write(name, R"({"a": )" + deep + "}");
    CHECK(contains(refusal(folder), name + " nests deeper than 100 levels"));
    std::filesystem::remove(folder.path() / name);
    std::filesystem::create_symlink(name, folder.path() / name);
    CHECK(contains(refusal(folder), name + ": Too many levels of symbolic links"));
  }
}

TEST_CASE("a pair template whose token has no single id", "[text]") {
  const TemporaryFolder folder;
  for (const char* ids : {"{\"a\": 1}", "[1, 2]", "[1.5]", "[4294967298]"}) {
    folder.write("tokenizer.json", std::string(R"({"model": {"type": "WordPiece", "vocab":
                  {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4}},
                 "normalizer": {"type": "BertNormalizer"},
                 "pre_tokenizer": {"type": "BertPreTokenizer"},
                 "post_processor": {"type": "TemplateProcessing",
                  "special_tokens": {"[CLS]": {"ids": )") +
                                       ids +
                                       R"(}}, "pair": [{"SpecialToken": {"id": "[CLS]"}}]}})");
    CHECK(contains(refusal(folder), "the template's token '[CLS]' has no single id"));
  }
}

TEST_CASE("an added token in the space that another one took has its own place", "[text]") {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", R"({"normalizer": {"type": "BertNormalizer"},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]},
    "added_tokens": [
      {"id": 7, "content": "<x>", "rstrip": true, "normalized": true, "special": false},
      {"id": 8, "content": "\n", "normalized": true, "special": false}],
    "model": {"type": "WordPiece", "unk_token": "[UNK]",
      "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "b": 6}}})");
  const auto found = load_tokenizer(folder.path()).tokenize("a<x> ", true);  // "\n" becomes " "
  CHECK(found.ids == Ids{5, 7, 8});
  CHECK(found.spans == std::vector<tamis::Span>{{0, 1}, {1, 5}, {4, 5}});
}
