// Unigram and BPE over vocabularies one can read; the proof against `tokenizers` is in
// tests/python.
#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/text/load_tokenizer.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"
#include "text/charsmap.hpp"

using tamis::load_tokenizer;
using tamis::Span;
using tamis::TokenId;
using Ids = std::vector<TokenId>;

namespace {

constexpr std::string_view kUnigram = R"({"type": "Unigram", "unk_id": 3, "vocab": [
  ["<s>", 0], ["<pad>", 0], ["</s>", 0], ["<unk>", 0],
  ["▁", -2], ["▁he", -3], ["llo", -4], ["l", -5], ["o", -5], ["<mask>", 0]]})";

constexpr std::string_view kBpe = R"({"type": "BPE", "unk_token": "<unk>", "fuse_unk": true,
  "vocab": {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "▁": 4, "a": 5, "b": 6, "ab": 7, "▁ab": 8},
  "merges": ["a b", "▁ ab"]})";

void write(const TemporaryFolder& folder, std::string_view model,
           std::string_view normalizer = "null") {
  folder.write("tokenizer.json", fmt::format(R"({{"normalizer": {}, "pre_tokenizer":
    {{"type": "Sequence", "pretokenizers": [{{"type": "WhitespaceSplit"}},
      {{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true}}]}},
    "added_tokens": [{{"id": 9, "content": "<mask>", "special": true, "lstrip": true}}],
    "model": {}}})",
                                             normalizer, model));
}

/// A map of "a" to what stands at `at` of `strings` (Darts: a unit has a label, an offset and
/// whether its leaf is a value).
std::string map_of_a(std::string_view strings, std::uint32_t at) {
  std::array<std::uint32_t, 512> units{};
  units['a'] = 'a' | (1U << 8U) | (256U << 10U);
  units['a' ^ 256U] = at;
  const auto size = static_cast<std::uint32_t>(sizeof(units));
  std::string blob(sizeof(size) + sizeof(units), '\0');
  std::memcpy(blob.data(), &size, sizeof(size));
  std::memcpy(blob.data() + sizeof(size), units.data(), sizeof(units));
  return blob.append(strings).append(1, '\0');
}

std::string mapped(std::string_view strings, std::uint32_t at, const std::string& text) {
  return tamis::Charsmap(map_of_a(strings, at)).normalize<false>({text, {}}).bytes;
}

}  // namespace

TEST_CASE("a map of characters replaces by UTF-8 alone", "[text]") {
  CHECK(mapped("é", 0, "bab") == "béb");
  CHECK(mapped("é", 1, "bab") == "bab");  // inside a character
  CHECK_THROWS_AS(mapped("\xF0", 0, "a"), tamis::TokenizerError);
  CHECK_THROWS_AS(mapped("\xC3", 0, "a"), tamis::TokenizerError);
}

TEST_CASE("a unigram model takes the most probable pieces and fuses what is unknown", "[text]") {
  const TemporaryFolder folder;
  write(folder, kUnigram);
  const auto tokenizer = load_tokenizer(folder.path());
  CHECK(tokenizer.tokenize("hello  xyz <mask>l").ids == Ids{5, 6, 4, 3, 9, 4, 7});
  CHECK(tokenizer.tokenize("").ids.empty());
  CHECK(tokenizer.tokenize(" \n").ids.empty());
  CHECK(tokenizer.tokenize("he\xFFllo").ids == Ids{5, 3, 6});  // U+FFFD is unknown here
  CHECK(tokenizer.pad_id() == 1);
  CHECK(tokenizer.pair_template().special_tokens() == 4);
}

TEST_CASE("spans of pieces are bytes of the text", "[text]") {
  const TemporaryFolder folder;
  write(folder, kUnigram);
  const auto tokens = load_tokenizer(folder.path()).tokenize(" hello <mask>", true);
  CHECK(tokens.ids == Ids{5, 6, 9});
  REQUIRE(tokens.spans.size() == 3);
  CHECK(tokens.spans[0] == Span{1, 3});
  CHECK(tokens.spans[1] == Span{3, 6});
  CHECK(tokens.spans[2] == Span{6, 13});
}

TEST_CASE("BPE merges by rank", "[text]") {
  const TemporaryFolder folder;
  write(folder, kBpe);
  const auto tokenizer = load_tokenizer(folder.path());
  CHECK(tokenizer.tokenize("ab abab ba?!").ids == Ids{8, 8, 7, 4, 6, 5, 3});
}

TEST_CASE("bytes stand for what the vocabulary has not, where it has them", "[text]") {
  const TemporaryFolder folder;
  write(folder, R"({"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "merges": [],
    "vocab": {"<s>": 0, "</s>": 1, "<unk>": 2, "▁": 3, "<0xC3>": 4, "<0xA9>": 5}})");
  CHECK(load_tokenizer(folder.path()).tokenize("éàé").ids == Ids{3, 4, 5, 4, 5, 2});
  write(folder, R"({"type": "Unigram", "unk_id": 2, "byte_fallback": true,
    "vocab": [["<s>", 0], ["</s>", 0], ["<unk>", 0], ["▁", -1], ["<0xC3>", -9], ["<0xA9>", -9]]})");
  CHECK(load_tokenizer(folder.path()).tokenize("é éà").ids == Ids{3, 4, 5, 3, 2});
}

TEST_CASE("a composed character stands for all that it was composed of", "[text]") {
  const TemporaryFolder folder;
  write(folder, R"({"type": "Unigram", "unk_id": 2, "vocab": [["<s>", 0], ["</s>", 0], ["<unk>", 0],
    ["▁", -1], ["é", -1], ["각", -1], ["\u0323", -1]]})",
        R"({"type": "NFC"})");
  const auto tokens =
      load_tokenizer(folder.path()).tokenize("e\u0301e\u0323\u0301\u1100\u1161\u11A8", true);
  CHECK(tokens.ids == Ids{3, 4, 2, 5});  // U+1EB9 and an accent are unknown together
  CHECK(tokens.spans == std::vector<tamis::Span>{{0, 3}, {0, 3}, {3, 8}, {8, 17}});
}

TEST_CASE("what is not supported is named", "[text]") {
  const TemporaryFolder folder;
  const auto refusal = [&] {
    return message_of<tamis::TokenizerError>([&] { (void)load_tokenizer(folder.path()); });
  };
  write(folder, kUnigram, R"({"type": "Nmt"})");
  CHECK(contains(refusal(), "'Nmt' is not supported"));
  write(folder, kUnigram, R"({"type": "Precompiled", "precompiled_charsmap": "?"})");
  CHECK(contains(refusal(), "no base64"));
  write(folder, R"({"type": "Unigram", "unk_id": 7, "vocab": [["a", 0]]})");
  CHECK(contains(refusal(), "unk_id"));
  write(folder, R"({"type": "BPE", "vocab": {"a": 0}, "merges": [], "end_of_word_suffix": "_"})");
  CHECK(contains(refusal(), "end_of_word_suffix"));
  write(folder, R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]})");
  CHECK(contains(refusal(), "a merge names 'b'"));
}
