// text/wordpiece_files.cpp
#include "text/wordpiece_files.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include <tamis/text/utf8.hpp>

#include "text/bpe_files.hpp"
#include "text/pair_template_of.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using nlohmann::json;

std::string_view trim_end(std::string_view line) {
  while (!line.empty()) {
    std::size_t last = line.size() - 1;
    while (last > 0 && is_continuation(line[last])) --last;
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

/// A kind of special token, and what the classes have where the files say nothing.
struct Role {
  const char* key;
  const char* bert;
  const char* mpnet;
};

// In the order in which transformers numbers those that the vocabulary has not.
constexpr std::array<Role, 7> kRoles{{{"bos_token", "", "<s>"},
                                      {"eos_token", "", "</s>"},
                                      {"unk_token", "[UNK]", "[UNK]"},
                                      {"sep_token", "[SEP]", "</s>"},
                                      {"pad_token", "[PAD]", "<pad>"},
                                      {"cls_token", "[CLS]", "<s>"},
                                      {"mask_token", "[MASK]", "<mask>"}}};

/// Whose settings count: transformers 5 builds BERT's classes from the vocabulary alone and ignores
/// what tokenizer.json says besides; a general class follows the file and ignores the
/// configuration's switches.
enum class Rules { bert, mpnet, file };

Rules rules_of(const TokenizerFiles& files) {
  const std::string name = tokenizer_class(files);
  if (!files.tokenizer.empty() && !(is_built_by_class(files) && is_bert_class(name))) {
    return Rules::file;
  }
  return name == "MPNetTokenizer" ? Rules::mpnet : Rules::bert;
}

/// ConvBertTokenizer has no way of its own to read a tokenizer.json: it follows the file in all but
/// the special tokens and the pair template.
bool follows_file(const TokenizerFiles& files) {
  return !files.tokenizer.empty() &&
         (rules_of(files) == Rules::file || tokenizer_class(files) == "ConvBertTokenizer");
}

void read_switches_of_class(WordPieceOptions& options, const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer_config.json");
  options.split_chinese = json_or(files.config, "tokenize_chinese_chars", true, name);
  options.lowercase = json_or(files.config, "do_lower_case", true, name);
  options.strip_accents = json_or(files.config, "strip_accents", options.lowercase, name);
}

void read_switches_of_file(WordPieceOptions& options, const json& normalizer,
                           const std::string& name) {
  options.clean_text = json_or(normalizer, "clean_text", true, name);
  options.split_chinese = json_or(normalizer, "handle_chinese_chars", true, name);
  options.lowercase = json_or(normalizer, "lowercase", true, name);
  options.strip_accents = json_or(normalizer, "strip_accents", options.lowercase, name);
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
  const Rules rules = rules_of(files);
  const auto by_default = [&](const Role& role) {
    return rules == Rules::mpnet ? role.mpnet : role.bert;
  };
  const auto needed = [&](const char* key) {
    const auto* const role = std::find_if(kRoles.begin(), kRoles.end(), [&](const Role& each) {
      return std::string_view(each.key) == key;
    });
    const std::string token = special_token(files, key, by_default(*role));
    if (token.empty()) {
      raise<TokenizerError>("{}: {} is null, and every text is read with one; write '{}' there",
                            files.name("tokenizer_config.json"), key, by_default(*role));
    }
    const auto id = find(token);
    if (!id) raise<TokenizerError>("{} has no '{}' ({})", vocab_name, token, key);
    return *id;
  };
  std::vector<AddedToken> special;
  special.reserve(kRoles.size());
  for (const Role& role : kRoles) {
    // A general class has no tokens of its own: its tokenizer.json states them.
    special.push_back(special_added_token(
        files, role.key,
        {.content = rules == Rules::file ? "" : by_default(role),
         .strip_left = rules == Rules::mpnet && std::string_view(role.key) == "mask_token"}));
  }
  options.added = read_added_tokens(files, special, find, options.vocab.size());
  if (rules != Rules::file) needed("unk_token");
  const TokenId cls = needed("cls_token");
  const TokenId sep = needed("sep_token");
  options.pair_template = pair_template_of(
      files, rules == Rules::mpnet ? roberta_pair(cls, sep) : bert_pair(cls, sep), cls, sep);
  // Nothing is padded with one that is null.
  options.pad_id = special_token(files, "pad_token", "-").empty() ? 0 : needed("pad_token");
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
  if (follows_file(files)) {
    options.unknown = json_or<std::string>(model, "unk_token", "[UNK]", name);
    options.continuation = json_or<std::string>(model, "continuing_subword_prefix", "##", name);
    options.max_word_characters =
        json_or<std::size_t>(model, "max_input_chars_per_word", 100, name);
    if (options.max_word_characters > kLongestWord) {
      raise<TokenizerError>("{}: max_input_chars_per_word is over a million", name);
    }
    read_switches_of_file(options, normalizer, name);
  } else {
    options.unknown = special_token(files, "unk_token", "[UNK]");
    read_switches_of_class(options, files);
  }
  finish(options, files, name);
  return make(std::move(options), name);
}

WordPieceTokenizer wordpiece_from_vocab(const TokenizerFiles& files) {
  const std::string name = files.name("vocab.txt");
  WordPieceOptions options;
  options.vocab = read_vocab_lines(read_file<TokenizerError>(files.folder / "vocab.txt"));
  options.unknown = special_token(files, "unk_token", "[UNK]");
  read_switches_of_class(options, files);
  finish(options, files, name);
  return make(std::move(options), name);
}

}  // namespace tamis
