// text/sentencepiece_json.cpp: tokenizer.json with a Unigram or BPE model ->
// SentencepieceTokenizer.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/base64.hpp"
#include "text/sentencepiece_files.hpp"
#include "text/sentencepiece_tokenizer.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using nlohmann::json;
using Impl = SentencepieceTokenizer::Impl;

constexpr std::size_t kLargestVocab = std::size_t{1} << 24U;

struct NormalizerParts {
  std::vector<NormalizerStep> steps;
  std::string charsmap;
};

void read_replace(NormalizerParts& parts, const json& step, const std::string& source) {
  const json& pattern = json_part(step, "pattern", source);
  const auto content = json_or<std::string>(step, "content", "", source);
  if (const auto regex = json_or<std::string>(pattern, "Regex", "", source); !regex.empty()) {
    if (regex != " {2,}") {
      raise<TokenizerError>(
          "{}: the normalizer replaces by the regular expression '{}', which is not "
          "supported; ' {{2,}}' is",
          source, regex);
    }
    parts.steps.push_back({NormalizerStep::Kind::collapse_spaces, "", content});
    return;
  }
  auto text = json_or<std::string>(pattern, "String", "", source);
  if (text.empty()) raise<TokenizerError>("{}: the normalizer replaces an empty pattern", source);
  parts.steps.push_back({NormalizerStep::Kind::replace, std::move(text), content});
}

void read_normalizer(NormalizerParts& parts, const json& step, const std::string& source) {
  using Kind = NormalizerStep::Kind;
  const auto type = json_or<std::string>(step, "type", "", source);
  if (type == "Sequence") {
    for (const json& part : json_part(step, "normalizers", source)) {
      read_normalizer(parts, part, source);
    }
  } else if (type == "Precompiled") {
    if (!parts.charsmap.empty()) {
      raise<TokenizerError>("{}: the normalizer has two precompiled maps; one is supported",
                            source);
    }
    const auto text = json_or<std::string>(step, "precompiled_charsmap", "", source);
    const auto bytes = decode_base64(text);
    if (!bytes) raise<TokenizerError>("{}: precompiled_charsmap is no base64", source);
    parts.charsmap = *bytes;
    parts.steps.push_back({Kind::charsmap, "", ""});
  } else if (type == "Replace") {
    read_replace(parts, step, source);
  } else if (type == "NFKD") {
    parts.steps.push_back({Kind::decompose, "", ""});
  } else if (type == "StripAccents") {
    parts.steps.push_back({Kind::strip_accents, "", ""});
  } else if (type == "Lowercase") {
    parts.steps.push_back({Kind::lowercase, "", ""});
  } else if (type == "Strip") {
    if (json_or(step, "strip_left", false, source))
      parts.steps.push_back({Kind::trim_left, "", ""});
    if (json_or(step, "strip_right", false, source))
      parts.steps.push_back({Kind::trim_right, "", ""});
  } else {
    raise<TokenizerError>("{}: the normalizer's step '{}' is not supported", source, type);
  }
}

void read_metaspace(Impl& impl, const json& step, const std::string& source) {
  const auto scheme = json_or<std::string>(step, "prepend_scheme", "always", source);
  impl.prefix = scheme == "never"   ? Impl::Prefix::never
                : scheme == "first" ? Impl::Prefix::first
                                    : Impl::Prefix::always;
  if (!json_or(step, "add_prefix_space", true, source)) impl.prefix = Impl::Prefix::never;
  if (json_or<std::string>(step, "replacement", "\u2581", source) != "\u2581" ||
      !json_or(step, "split", true, source)) {
    raise<TokenizerError>("{}: the pre_tokenizer Metaspace is supported with U+2581 and split",
                          source);
  }
}

void read_words(Impl& impl, const json& words, const std::string& source) {
  const auto type = json_or<std::string>(words, "type", "", source);
  impl.split_white_space = false;
  if (type == "Metaspace") {
    read_metaspace(impl, words, source);
    return;
  }
  if (type == "Sequence") {
    const json& parts = json_part(words, "pretokenizers", source);
    if (parts.size() == 2 &&
        json_or<std::string>(parts[0], "type", "", source) == "WhitespaceSplit" &&
        json_or<std::string>(parts[1], "type", "", source) == "Metaspace") {
      impl.split_white_space = true;
      read_metaspace(impl, parts[1], source);
      return;
    }
  }
  raise<TokenizerError>("{}: the pre_tokenizer '{}' is not supported with this model; Metaspace is",
                        source, type);
}

std::vector<std::pair<std::string, double>> read_pieces(const json& model,
                                                        const std::string& source) {
  std::vector<std::pair<std::string, double>> pieces;
  for (const json& entry : json_part(model, "vocab", source)) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_number()) {
      raise<TokenizerError>("{}: entry {} of the vocabulary is no piece with its score", source,
                            pieces.size());
    }
    pieces.emplace_back(entry[0].get<std::string>(), entry[1].get<double>());
  }
  return pieces;
}

Unigram read_unigram(const json& model, std::vector<std::string>& vocab,
                     const std::string& source) {
  const auto pieces = read_pieces(model, source);
  const auto unknown = json_or<std::size_t>(model, "unk_id", pieces.size(), source);
  if (unknown >= pieces.size()) {
    raise<TokenizerError>("{}: unk_id is not in the vocabulary of {} pieces", source,
                          pieces.size());
  }
  for (const auto& [piece, score] : pieces) vocab.push_back(piece);
  return Unigram(pieces, static_cast<TokenId>(unknown));
}

std::pair<std::string, std::string> read_merge(const json& merge, const std::string& source) {
  if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
    return {merge[0].get<std::string>(), merge[1].get<std::string>()};
  }
  const std::string text = merge.is_string() ? merge.get<std::string>() : "";
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) raise<TokenizerError>("{}: a merge is no pair of pieces", source);
  return {text.substr(0, space), text.substr(space + 1)};
}

Bpe read_bpe(const json& model, std::vector<std::string>& vocab, const std::string& source) {
  const json& map = json_part(model, "vocab", source);
  vocab.resize(map.size());
  for (const auto& [piece, id] : map.items()) {
    if (!id.is_number_unsigned() || id.get<std::size_t>() >= kLargestVocab) {
      raise<TokenizerError>("{}: the id of '{}' is {}", source, piece, id.dump());
    }
    if (id.get<std::size_t>() >= vocab.size()) vocab.resize(id.get<std::size_t>() + 1);
    vocab[id.get<std::size_t>()] = piece;
  }
  const auto unknown = map.find(json_or<std::string>(model, "unk_token", "", source));
  if (unknown == map.end() || !json_or(model, "fuse_unk", false, source) ||
      !json_or<std::string>(model, "continuing_subword_prefix", "", source).empty() ||
      !json_or<std::string>(model, "end_of_word_suffix", "", source).empty()) {
    raise<TokenizerError>(
        "{}: this kind of BPE is not supported; the kind that sentencepiece makes "
        "is (with an unknown token that fuses)",
        source);
  }
  std::vector<std::pair<std::string, std::string>> merges;
  for (const json& merge : json_part(model, "merges", source)) {
    merges.push_back(read_merge(merge, source));
  }
  return Bpe(vocab, merges, unknown->get<TokenId>());
}

// transformers 5 builds the normalisation and the words of some classes itself and ignores what the
// file says of them; older versions of it wrote other things there.
void follow_class(Impl& impl, NormalizerParts& parts, const TokenizerFiles& files) {
  const std::string config = files.name("tokenizer_config.json");
  const auto stated = json_or<std::string>(files.config, "tokenizer_class", "", config);
  if (stated.starts_with("PreTrainedTokenizer") || stated == "TokenizersBackend") return;
  const std::string name = tokenizer_class(files);
  const bool charsmap_only =
      name == "XLMRobertaTokenizer" || name == "CamembertTokenizer" || name == "T5Tokenizer";
  if (!charsmap_only && name != "AlbertTokenizer" && name != "MBartTokenizer") return;
  if (name == "MBartTokenizer") parts = {};
  if (charsmap_only) {
    parts.steps.clear();
    if (!parts.charsmap.empty()) parts.steps.push_back({NormalizerStep::Kind::charsmap, "", ""});
  }
  impl.split_white_space = true;
  impl.prefix = json_or(files.config, "add_prefix_space", true, config) ? Impl::Prefix::always
                                                                        : Impl::Prefix::never;
}

}  // namespace

SentencepieceTokenizer sentencepiece_from_json(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  const json& model = json_part(files.tokenizer, "model", name);
  if (json_or(model, "byte_fallback", false, name)) {
    raise<TokenizerError>("{}: a model with byte_fallback is not supported", name);
  }
  auto impl = std::make_shared<Impl>();
  read_words(*impl, json_part(files.tokenizer, "pre_tokenizer", name), name);
  NormalizerParts parts;
  if (const auto found = files.tokenizer.find("normalizer");
      found != files.tokenizer.end() && found->is_object()) {
    read_normalizer(parts, *found, name);
  }
  follow_class(*impl, parts, files);
  impl->normalizer = Normalizer(std::move(parts.steps), parts.charsmap);
  std::vector<std::string> vocab;
  if (json_part(model, "vocab", name).is_array()) {
    impl->model = read_unigram(model, vocab, name);
  } else {
    impl->model = read_bpe(model, vocab, name);
  }
  finish_sentencepiece(*impl, files, vocab, {});
  return SentencepieceTokenizer(std::move(impl));
}

}  // namespace tamis
