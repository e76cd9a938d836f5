// text/byte_level_files.cpp
#include "text/byte_level_files.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/bpe_files.hpp"
#include "text/byte_alphabet.hpp"
#include "text/byte_level_tokenizer.hpp"
#include "text/byte_level_words.hpp"
#include "text/frame_files.hpp"
#include "text/normalizer_files.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using nlohmann::json;
using Impl = ByteLevelTokenizer::Impl;

constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Classes that transformers 5 builds itself from the vocabulary and the merges.
enum class Family { roberta, gpt2, other };

Family family_of(const TokenizerFiles& files) {
  const std::string name = tokenizer_class(files);
  for (const char* known : {"RobertaTokenizer", "BartTokenizer", "LongformerTokenizer",
                            "LEDTokenizer", "MvpTokenizer"}) {
    if (name == known) return Family::roberta;
  }
  return name == "GPT2Tokenizer" ? Family::gpt2 : Family::other;
}

// "Ġ" and its like as the bytes that they stand for.
BpeOptions over_bytes(BpeOptions options) {
  options.single_bytes = true;
  for (std::string& piece : options.vocab) piece = bytes_of_piece(piece);
  for (auto& [left, right] : options.merges) {
    left = bytes_of_piece(left);
    right = bytes_of_piece(right);
  }
  return options;
}

Bpe make_model(BpeOptions options, const std::string& source) {
  try {
    return Bpe(over_bytes(std::move(options)));
  } catch (const TokenizerError& error) {
    raise<TokenizerError>("{}: {}", source, error.what());
  }
}

const json* byte_level_step(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  const auto found = files.tokenizer.find("pre_tokenizer");
  if (found == files.tokenizer.end() || !found->is_object()) return nullptr;
  const json* step = &*found;
  if (json_or<std::string>(*step, "type", "", name) == "Sequence") {
    const json& steps = json_part(*step, "pretokenizers", name);
    if (steps.empty()) return nullptr;
    step = &steps.back();
  }
  return json_or<std::string>(*step, "type", "", name) == "ByteLevel" ? step : nullptr;
}

// Qwen 2 and 3, and Llama 3, split text by a regular expression of their own.
WordPattern read_split(const json& step, const std::string& name) {
  constexpr std::array<std::pair<std::string_view, WordPattern>, 2> kKnown{
      {{kQwen2Pattern, WordPattern::qwen2}, {kLlama3Pattern, WordPattern::llama3}}};
  if (json_or<std::string>(step, "type", "", name) == "Split" &&
      json_or<std::string>(step, "behavior", "", name) == "Isolated" &&
      !json_or(step, "invert", false, name)) {
    const auto regex = json_or<std::string>(json_part(step, "pattern", name), "Regex", "", name);
    for (const auto& [known, pattern] : kKnown) {
      if (regex == known) return pattern;
    }
  }
  raise<TokenizerError>(
      "{}: the pre_tokenizer splits text in its own way before ByteLevel, which is not supported; "
      "ByteLevel alone is, and the regular expressions of Qwen 2 and Llama 3 before it",
      name);
}

WordPattern read_words(const TokenizerFiles& files, const json& byte_level) {
  const std::string name = files.name("tokenizer.json");
  const json& words = files.tokenizer["pre_tokenizer"];
  const bool by_regex = json_or(byte_level, "use_regex", true, name);
  const bool alone = &words == &byte_level || words["pretokenizers"].size() == 1;
  if (alone) return by_regex ? WordPattern::gpt2 : WordPattern::whole;
  const json& steps = words["pretokenizers"];
  if (steps.size() > 2 || by_regex || json_or(byte_level, "add_prefix_space", true, name)) {
    raise<TokenizerError>(
        "{}: the pre_tokenizer has steps before ByteLevel; supported is one, with use_regex and "
        "add_prefix_space false",
        name);
  }
  return read_split(steps[0], name);
}

FrameDefaults defaults_of(Family family, bool of_class) {
  if (family == Family::roberta) return {.of_class = of_class};
  constexpr auto kEnd = "<|endoftext|>";
  return {.pair = FrameDefaults::Pair::bare,
          .begin = kEnd,
          .end = kEnd,
          .pad = "",
          .unknown = kEnd,
          .mask = "",
          .of_class = of_class};
}

ByteLevelTokenizer make(BpeOptions options, const TokenizerFiles& files, Normalizer normalizer,
                        bool prefix_space, WordPattern words, Family family,
                        const std::string& source) {
  const std::vector<std::string> vocab = options.vocab;
  // Before the aggregate: GCC 12 destroys its parts twice when one of them throws.
  Bpe model = make_model(std::move(options), source);
  auto impl = std::make_shared<Impl>(Impl{.frame = {.normalizer = std::move(normalizer)},
                                          .prefix_space = prefix_space,
                                          .words = words,
                                          .model = std::move(model)});
  const bool of_class = family != Family::other && is_built_by_class(files);
  finish_frame(impl->frame, files, vocab, defaults_of(family, of_class));
  return ByteLevelTokenizer(std::move(impl));
}

bool prefix_space_of_class(const TokenizerFiles& files) {
  return json_or(files.config, "add_prefix_space", false, files.name("tokenizer_config.json"));
}

}  // namespace

bool is_byte_level(const TokenizerFiles& files) { return byte_level_step(files) != nullptr; }

ByteLevelTokenizer byte_level_from_json(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  BpeOptions options = read_bpe_options(json_part(files.tokenizer, "model", name), name);
  const Family family = family_of(files);
  if (family != Family::other && is_built_by_class(files)) {
    options.unknown.reset();
    options.ignore_merges = options.byte_fallback = options.fuse_unknown = false;
    return make(std::move(options), files, {}, prefix_space_of_class(files), WordPattern::gpt2,
                family, name);
  }
  const json& step = *byte_level_step(files);
  NormalizerParts parts = read_normalizer(files);
  return make(std::move(options), files, Normalizer(std::move(parts.steps), parts.charsmap),
              json_or(step, "add_prefix_space", true, name), read_words(files, step), family, name);
}

ByteLevelTokenizer byte_level_from_vocab(const TokenizerFiles& files) {
  const std::string name = files.name("vocab.json");
  const std::string merges = files.name("merges.txt");
  const Family family = family_of(files);
  if (family == Family::other) {
    raise<TokenizerError>(
        "{} is for {}, which is not supported; save the model's fast tokenizer there "
        "(tokenizer.json)",
        name, tokenizer_class(files));
  }
  const json map =
      parse_object<TokenizerError>(read_file<TokenizerError>(files.folder / "vocab.json"), name);
  BpeOptions options{
      .vocab = read_id_map(map, name),
      .merges = read_merges_file(read_file<TokenizerError>(files.folder / "merges.txt"), merges)};
  return make(std::move(options), files, {}, prefix_space_of_class(files), WordPattern::gpt2,
              family, merges);
}

ByteLevelTokenizer ByteLevelTokenizer::load(const std::filesystem::path& folder) {
  const TokenizerFiles files = read_tokenizer_files(folder);
  if (files.tokenizer.empty()) return byte_level_from_vocab(files);
  if (!is_byte_level(files)) {
    raise<TokenizerError>("{} is no byte-level tokenizer: its pre_tokenizer is not ByteLevel",
                          files.name("tokenizer.json"));
  }
  return byte_level_from_json(files);
}

}  // namespace tamis
