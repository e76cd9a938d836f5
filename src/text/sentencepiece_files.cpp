// text/sentencepiece_files.cpp
#include "text/sentencepiece_files.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "text/frame_files.hpp"
#include "text/sentencepiece_class.hpp"
#include "text/sentencepiece_model.hpp"
#include "text/sentencepiece_tokenizer.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using Impl = SentencepieceTokenizer::Impl;
using Pieces = std::vector<std::pair<std::string, double>>;

/// A kind's vocabulary, which is not in the file's order, and its special tokens.
struct Layout {
  Pieces pieces;
  TokenId unknown = 0;
  std::vector<NormalizerStep> steps{{NormalizerStep::Kind::charsmap, "", ""}};
};

// fairseq put four special tokens before the pieces; the model's own first ones stand for them.
Layout xlm_roberta(const SentencepieceModel& model) {
  Layout layout{.pieces = {{"<s>", 0.0}, {"<pad>", 0.0}, {"</s>", 0.0}, {"<unk>", 0.0}},
                .unknown = 3};
  const auto own = std::min<std::size_t>(3, model.pieces.size());
  layout.pieces.insert(layout.pieces.end(), model.pieces.begin() + static_cast<std::ptrdiff_t>(own),
                       model.pieces.end());
  layout.pieces.emplace_back("<mask>", 0.0);
  return layout;
}

Layout camembert(const SentencepieceModel& model) {
  Layout layout{.pieces = {{"<s>NOTUSED", 0.0},
                           {"<pad>", 0.0},
                           {"</s>NOTUSED", 0.0},
                           {"<unk>", 0.0},
                           {"<unk>NOTUSED", -100.0}},
                .unknown = 3};
  layout.pieces.insert(layout.pieces.end(), model.pieces.begin() + 1, model.pieces.end());
  layout.pieces.emplace_back("<mask>", 0.0);
  return layout;
}

Layout t5(const SentencepieceModel& model, const TokenizerFiles& files) {
  Layout layout{.pieces = model.pieces, .unknown = model.unknown};
  for (int i = t5_extra_ids(files) - 1; i >= 0; --i) {
    layout.pieces.emplace_back(fmt::format("<extra_id_{}>", i), 0.0);
  }
  return layout;
}

// As XLM-RoBERTa's, with the languages before <mask>; the language of the text stands at the end.
Layout mbart(const SentencepieceModel& model) {
  Layout layout = xlm_roberta(model);
  layout.pieces.pop_back();
  for (const char* language : kMBartLanguages) layout.pieces.emplace_back(language, 0.0);
  layout.pieces.emplace_back("<mask>", 0.0);
  layout.steps.clear();
  return layout;
}

Layout layout_of(const SentencepieceModel& model, const TokenizerFiles& files,
                 const std::filesystem::path& path) {
  const std::string name = tokenizer_class(files);
  if (name.empty() || name == "XLMRobertaTokenizer") return xlm_roberta(model);
  if (name == "CamembertTokenizer") return camembert(model);
  if (name == "AlbertTokenizer") {
    return {.pieces = model.pieces, .unknown = model.unknown, .steps = albert_steps(files)};
  }
  if (name == "DebertaV2Tokenizer") {
    return {.pieces = model.pieces, .unknown = model.unknown, .steps = deberta_steps(files)};
  }
  if (name == "T5Tokenizer") return t5(model, files);
  if (name == "MBartTokenizer") return mbart(model);
  raise<TokenizerError>(
      "{} is for {}, whose layout of ids is not known here; save the model's fast "
      "tokenizer beside it (tokenizer.json)",
      path.string(), name);
}

/// Classes put these tokens among the model's pieces, by names that the configuration may change.
void refuse_renamed(const TokenizerFiles& files, const FrameDefaults& defaults,
                    const std::filesystem::path& path) {
  const std::array<std::pair<const char*, const std::string&>, 5> tokens{
      {{"unk_token", defaults.unknown},
       {"bos_token", defaults.begin},
       {"eos_token", defaults.end},
       {"pad_token", defaults.pad},
       {"mask_token", defaults.mask}}};
  const std::string name = tokenizer_class(files);
  // The pieces of these are the model's own.
  const bool only_unknown =
      name == "AlbertTokenizer" || name == "T5Tokenizer" || name == "DebertaV2Tokenizer";
  for (const auto& [key, usual] : tokens) {
    if (special_token(files, key, usual) == usual) continue;
    if (only_unknown && std::string_view(key) != "unk_token") continue;
    raise<TokenizerError>(
        "{}: {} is another than '{}', which is not supported with {}; write that there, or save "
        "the model's fast tokenizer beside it (tokenizer.json)",
        files.name("tokenizer_config.json"), key, usual, path.filename().string());
  }
}

}  // namespace

SentencepieceTokenizer sentencepiece_from_model(const TokenizerFiles& files,
                                                const std::filesystem::path& path) {
  SentencepieceModel model =
      read_sentencepiece_model(read_file<TokenizerError>(path), path.string());
  if (model.kind != SentencepieceModel::Kind::unigram || model.byte_fallback) {
    raise<TokenizerError>(
        "{}: only unigram models without byte fallback are read from a .model file; "
        "save the model's fast tokenizer beside it (tokenizer.json)",
        path.string());
  }
  Layout layout = layout_of(model, files, path);
  FrameDefaults defaults = defaults_of_class(files);
  defaults.special.insert(defaults.special.end(), model.special.begin(), model.special.end());
  refuse_renamed(files, defaults, path);
  auto impl = std::make_shared<Impl>();
  const ClassWords words = words_of_class(files);
  impl->split_white_space = words.split_white_space;
  impl->prefix = words.prefix;
  impl->model = Unigram(layout.pieces, layout.unknown);
  impl->frame.normalizer = Normalizer(std::move(layout.steps), model.charsmap);
  std::vector<std::string> vocab;
  vocab.reserve(layout.pieces.size());
  for (auto& [piece, score] : layout.pieces) vocab.push_back(std::move(piece));
  finish_frame(impl->frame, files, vocab, defaults);
  return SentencepieceTokenizer(std::move(impl));
}

std::optional<std::filesystem::path> find_sentencepiece_model(const std::filesystem::path& folder) {
  constexpr std::array kNames{"sentencepiece.bpe.model", "spiece.model", "sentencepiece.model",
                              "spm.model"};
  for (const char* name : kNames) {
    if (is_there<TokenizerError>(folder / name)) return folder / name;
  }
  return std::nullopt;
}

SentencepieceTokenizer SentencepieceTokenizer::load(const std::filesystem::path& folder) {
  const TokenizerFiles files = read_tokenizer_files(folder);
  if (!files.tokenizer.empty()) return sentencepiece_from_json(files);
  if (const auto path = find_sentencepiece_model(folder))
    return sentencepiece_from_model(files, *path);
  raise<TokenizerError>("{} holds neither tokenizer.json nor a sentencepiece model",
                        folder.string());
}

}  // namespace tamis
