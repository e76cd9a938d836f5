// text/wordpiece_files.cpp
#include "text/wordpiece_files.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "text/bpe_files.hpp"
#include "text/pair_template_of.hpp"
#include "text/utf8.hpp"

namespace tamis {
namespace {

using nlohmann::json;

std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while (last > 0 && (static_cast<unsigned char>(line[last]) & 0xC0U) == 0x80U) --last;
    if (!is_white_space(decode_utf8(line, last).code)) break;
    line = line.substr(0, last);
  }
  return line;
}

std::vector<std::string> read_vocab_lines(std::string_view text) {
  std::vector<std::string> vocab;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    vocab.emplace_back(trim_end(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return vocab;
}

// tokenizer_config.json wins over tokenizer.json where it has a field, as in transformers.
void read_switches(WordPieceOptions& options, const json& normalizer, const json& config,
                   const std::string& json_name, const std::string& config_name) {
  options.clean_text = json_or(normalizer, "clean_text", true, json_name);
  options.split_chinese =
      json_or(config, "tokenize_chinese_chars",
              json_or(normalizer, "handle_chinese_chars", true, json_name), config_name);
  options.lowercase = json_or(config, "do_lower_case",
                              json_or(normalizer, "lowercase", true, json_name), config_name);
  const bool by_default = json_or(normalizer, "strip_accents", options.lowercase, json_name);
  options.strip_accents = config.contains("strip_accents")
                              ? json_or(config, "strip_accents", options.lowercase, config_name)
                              : by_default;
}

void finish(WordPieceOptions& options, const TokenizerFiles& files, const std::string& vocab_name) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (std::size_t id = 0; id < options.vocab.size(); ++id) {
    ids[options.vocab[id]] = static_cast<TokenId>(id);
  }
  const FindId find = [&](std::string_view token) -> std::optional<TokenId> {
    const auto found = ids.find(token);
    return found == ids.end() ? std::nullopt : std::optional(found->second);
  };
  const auto needed = [&](const char* key, const char* fallback) {
    const std::string token = special_token(files, key, fallback);
    const auto id = find(token);
    if (!id) raise<TokenizerError>("{} has no '{}' ({})", vocab_name, token, key);
    return *id;
  };
  std::vector<AddedToken> special;
  constexpr std::array<std::pair<const char*, const char*>, 5> kSpecial{{{"unk_token", "[UNK]"},
                                                                         {"sep_token", "[SEP]"},
                                                                         {"pad_token", "[PAD]"},
                                                                         {"cls_token", "[CLS]"},
                                                                         {"mask_token", "[MASK]"}}};
  special.reserve(kSpecial.size());
  for (const auto& [key, fallback] : kSpecial) {
    special.push_back(special_added_token(files, key, {.content = fallback}));
  }
  // A tokenizer.json states all its added tokens itself.
  if (!files.tokenizer.empty()) special.clear();
  options.added = read_added_tokens(files, special, find, options.vocab.size());
  const TokenId cls = needed("cls_token", "[CLS]");
  const TokenId sep = needed("sep_token", "[SEP]");
  options.pair_template = pair_template_of(files, bert_pair(cls, sep), cls, sep);
  options.pad_id = needed("pad_token", "[PAD]");
  options.max_length = model_max_length(files);
}

WordPieceTokenizer make(WordPieceOptions options, const std::string& vocab_name) {
  try {
    return WordPieceTokenizer(std::move(options));
  } catch (const TokenizerError& error) {
    raise<TokenizerError>("{}: {}", vocab_name, error.what());
  }
}

}  // namespace

WordPieceTokenizer wordpiece_from_json(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  const json& model = json_part(files.tokenizer, "model", name);
  const json& normalizer = json_part(files.tokenizer, "normalizer", name);
  const json& words = json_part(files.tokenizer, "pre_tokenizer", name);
  if (json_or<std::string>(normalizer, "type", "", name) != "BertNormalizer" ||
      json_or<std::string>(words, "type", "", name) != "BertPreTokenizer") {
    raise<TokenizerError>(
        "{}: WordPiece is supported with BertNormalizer and BertPreTokenizer, this "
        "file has others",
        name);
  }
  WordPieceOptions options;
  options.vocab = read_id_map(json_part(model, "vocab", name), name);
  options.unknown = json_or<std::string>(model, "unk_token", "[UNK]", name);
  options.continuation = json_or<std::string>(model, "continuing_subword_prefix", "##", name);
  options.max_word_characters = json_or<std::size_t>(model, "max_input_chars_per_word", 100, name);
  if (options.max_word_characters > 1000000) {
    raise<TokenizerError>("{}: max_input_chars_per_word is over a million", name);
  }
  read_switches(options, normalizer, files.config, name, files.name("tokenizer_config.json"));
  finish(options, files, name);
  return make(std::move(options), name);
}

WordPieceTokenizer wordpiece_from_vocab(const TokenizerFiles& files) {
  const std::string name = files.name("vocab.txt");
  WordPieceOptions options;
  options.vocab = read_vocab_lines(read_file<TokenizerError>(files.folder / "vocab.txt"));
  options.unknown = special_token(files, "unk_token", "[UNK]");
  read_switches(options, json::object(), files.config, name, files.name("tokenizer_config.json"));
  finish(options, files, name);
  return make(std::move(options), name);
}

}  // namespace tamis
