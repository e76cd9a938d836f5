// Any bytes as a text: ids are those of the text with U+FFFD for what is no UTF-8 and do not depend
// on spans, and spans lie in the text.
#include <cstdlib>
#include <vector>

#include <tamis/text/load_tokenizer.hpp>
#include <tamis/text/wordpiece.hpp>

#include "fuzz_input.hpp"
#include "text/normalized_text.hpp"

namespace {

constexpr const char* kByteLevel = R"({
  "added_tokens": [{"id": 0, "content": "<s>", "special": true},
                   {"id": 2, "content": "</s>", "special": true},
                   {"id": 4, "content": "<mask>", "lstrip": true, "normalized": true}],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFKD"}, {"type": "Lowercase"}]},
  "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": true},
  "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]},
  "model": {"type": "BPE", "unk_token": "<unk>", "merges": ["a b", "ab c", "\u0120 a"],
            "vocab": {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "<mask>": 4, "a": 5, "b": 6,
                      "c": 7, "ab": 8, "abc": 9, "\u0120": 10, "\u0120a": 11}}})";

constexpr const char* kUnigram = R"({
  "added_tokens": [{"id": 0, "content": "<s>", "special": true},
                   {"id": 2, "content": "</s>", "single_word": true, "rstrip": true}],
  "normalizer": {"type": "Sequence", "normalizers": [
    {"type": "Strip", "strip_left": true, "strip_right": true}, {"type": "StripAccents"},
    {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}]},
  "pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "first"},
  "post_processor": {"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2]},
  "model": {"type": "Unigram", "unk_id": 1, "byte_fallback": true,
            "vocab": [["<s>", 0], ["<unk>", 0], ["</s>", 0], ["\u2581", -1], ["a", -2],
                      ["ab", -2.5], ["<0xC3>", -9], ["<0xA9>", -9]]}})";

tamis::AnyTokenizer from_json(const char* text) {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", text);
  return tamis::load_tokenizer(folder.path());
}

tamis::AnyTokenizer wordpiece(bool keep_accents) {
  return tamis::WordPieceTokenizer(
      {.vocab = {"[UNK]", "a", "##a", "b", "##b", "e", "\xCC\x81", "##\xCC\x81", "ab", "."},
       .strip_accents = !keep_accents,
       .max_word_characters = 20,
       .added = {{.content = "[MASK]", .id = 10, .strip_left = true},
                 {.content = "Caf\xC3\xA9", .id = 11, .normalized = keep_accents}}});
}

void check(const tamis::AnyTokenizer& tokenizer, std::string_view text) {
  const auto readable = tamis::NormalizedText::from<false>(text, 0);
  const tamis::Tokens plain = tokenizer.tokenize(text);
  const tamis::Tokens spanned = tokenizer.tokenize(text, true);
  if (tokenizer.tokenize(readable.bytes).ids != plain.ids) std::abort();
  if (plain.ids != spanned.ids || spanned.spans.size() != spanned.ids.size()) std::abort();
  for (const tamis::Span& span : spanned.spans) {
    if (span.begin > span.end || span.end > text.size()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<tamis::AnyTokenizer> tokenizers{
      wordpiece(true), wordpiece(false), from_json(kByteLevel), from_json(kUnigram)};
  for (const auto& tokenizer : tokenizers) check(tokenizer, tamis::fuzz::as_text(data, size));
  return 0;
}
