// text/sentencepiece_json.cpp: tokenizer.json with a Unigram or BPE model ->
// SentencepieceTokenizer.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "text/bpe_files.hpp"
#include "text/frame_files.hpp"
#include "text/normalizer_files.hpp"
#include "text/sentencepiece_class.hpp"
#include "text/sentencepiece_files.hpp"
#include "text/sentencepiece_tokenizer.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using nlohmann::json;
using Impl = SentencepieceTokenizer::Impl;

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
    if (parts.size() == 1) return read_words(impl, parts[0], source);
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

Unigram read_unigram(const TokenizerFiles& files, const json& model,
                     std::vector<std::string>& vocab, bool of_class) {
  const std::string source = files.name("tokenizer.json");
  const auto pieces = read_pieces(model, source);
  for (const auto& [piece, score] : pieces) vocab.push_back(piece);
  if (const auto own = unknown_of_class(files, vocab); own && of_class) {
    if (static_cast<std::size_t>(*own) < pieces.size()) return {pieces, *own};
    raise<TokenizerError>("{}: {} has the unknown piece at {}, and the vocabulary has {}", source,
                          tokenizer_class(files), *own, pieces.size());
  }
  const auto unknown = json_or<std::size_t>(model, "unk_id", pieces.size(), source);
  if (unknown >= pieces.size()) {
    raise<TokenizerError>("{}: unk_id is not in the vocabulary of {} pieces", source,
                          pieces.size());
  }
  return {pieces, static_cast<TokenId>(unknown), json_or(model, "byte_fallback", false, source)};
}

Bpe read_bpe(const json& model, std::vector<std::string>& vocab, const std::string& source) {
  BpeOptions options = read_bpe_options(model, source);
  vocab = options.vocab;
  return Bpe(options);
}

// transformers 5 builds the normalisation and the words of some classes itself and ignores what the
// file says of them; older versions of it wrote other things there. Whether it is one of those.
bool follow_class(Impl& impl, NormalizerParts& parts, const TokenizerFiles& files) {
  if (!is_built_by_class(files) || !unknown_of_class(files, {})) return false;
  const std::string name = tokenizer_class(files);
  if (name == "MBartTokenizer") {
    parts = {};
  } else if (name == "DebertaV2Tokenizer") {
    parts = {.steps = deberta_steps(files)};
  } else {
    parts.steps = name == "AlbertTokenizer"
                      ? albert_steps(files)
                      : std::vector<NormalizerStep>{{NormalizerStep::Kind::charsmap, "", ""}};
    if (parts.charsmap.empty()) parts.steps.pop_back();
  }
  const ClassWords words = words_of_class(files);
  impl.split_white_space = words.split_white_space;
  impl.prefix = words.prefix;
  return true;
}

}  // namespace

SentencepieceTokenizer sentencepiece_from_json(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  const json& model = json_part(files.tokenizer, "model", name);
  auto impl = std::make_shared<Impl>();
  read_words(*impl, json_part(files.tokenizer, "pre_tokenizer", name), name);
  NormalizerParts parts = read_normalizer(files);
  const bool of_class = follow_class(*impl, parts, files);
  impl->frame.normalizer = Normalizer(std::move(parts.steps), parts.charsmap);
  std::vector<std::string> vocab;
  if (json_part(model, "vocab", name).is_array()) {
    impl->model = read_unigram(files, model, vocab, of_class);
  } else {
    impl->model = read_bpe(model, vocab, name);
  }
  FrameDefaults defaults;
  if (of_class) defaults = defaults_of_class(files);
  defaults.of_class = of_class;
  finish_frame(impl->frame, files, vocab, defaults);
  return SentencepieceTokenizer(std::move(impl));
}

}  // namespace tamis
