// text/sentencepiece_files.cpp
#include "text/sentencepiece_files.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "text/frame_files.hpp"
#include "text/sentencepiece_model.hpp"
#include "text/sentencepiece_tokenizer.hpp"
#include "text/tokenizer_class.hpp"

namespace tamis {
namespace {

using Impl = SentencepieceTokenizer::Impl;
using Pieces = std::vector<std::pair<std::string, double>>;
using Pair = FrameDefaults::Pair;

/// A kind's vocabulary, which is not in the file's order, and its special tokens.
struct Layout {
  Pieces pieces;
  TokenId unknown = 0;
  FrameDefaults defaults{};
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
  layout.defaults.strip_before_mask = true;
  return layout;
}

Layout albert(const SentencepieceModel& model, const TokenizerFiles& files) {
  using Kind = NormalizerStep::Kind;
  Layout layout{.pieces = model.pieces, .unknown = model.unknown};
  layout.defaults.pair = Pair::bert;
  layout.defaults.begin = "[CLS]";
  layout.defaults.end = "[SEP]";
  layout.defaults.mask = "[MASK]";
  const std::string config = files.name("tokenizer_config.json");
  std::vector<NormalizerStep> steps{{Kind::replace, "``", "\""}, {Kind::replace, "''", "\""}};
  if (!json_or(files.config, "keep_accents", false, config)) {
    steps.push_back({Kind::decompose, "", ""});
    steps.push_back({Kind::strip_accents, "", ""});
  }
  if (json_or(files.config, "do_lower_case", true, config)) {
    steps.push_back({Kind::lowercase, "", ""});
  }
  steps.push_back({Kind::charsmap, "", ""});
  layout.steps = std::move(steps);
  return layout;
}

Layout t5(const SentencepieceModel& model, const TokenizerFiles& files) {
  Layout layout{.pieces = model.pieces, .unknown = model.unknown};
  layout.defaults.pair = Pair::t5;
  layout.defaults.begin.clear();
  layout.defaults.mask.clear();
  const int extra = json_or(files.config, "extra_ids", 100, files.name("tokenizer_config.json"));
  for (int i = std::min(extra, 1000) - 1; i >= 0; --i) {
    layout.pieces.emplace_back(fmt::format("<extra_id_{}>", i), 0.0);
    layout.defaults.special.push_back(layout.pieces.back().first);
  }
  return layout;
}

// As XLM-RoBERTa's, with the languages before <mask>; the language of the text stands at the end.
Layout mbart(const SentencepieceModel& model, const TokenizerFiles& files) {
  Layout layout = xlm_roberta(model);
  layout.pieces.pop_back();
  for (const char* language :
       {"ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN",
        "hi_IN", "it_IT", "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP",
        "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN", "zh_CN"}) {
    layout.pieces.emplace_back(language, 0.0);
    layout.defaults.special.emplace_back(language);
  }
  layout.pieces.emplace_back("<mask>", 0.0);
  layout.defaults.pair = Pair::mbart;
  layout.defaults.strip_before_mask = true;
  layout.defaults.language =
      json_or<std::string>(files.config, "src_lang", "en_XX", files.name("tokenizer_config.json"));
  layout.steps.clear();
  return layout;
}

Layout layout_of(const SentencepieceModel& model, const TokenizerFiles& files,
                 const std::filesystem::path& path) {
  const std::string name = tokenizer_class(files);
  if (name.empty() || name == "XLMRobertaTokenizer") return xlm_roberta(model);
  if (name == "CamembertTokenizer") return camembert(model);
  if (name == "AlbertTokenizer") return albert(model, files);
  if (name == "T5Tokenizer") return t5(model, files);
  if (name == "MBartTokenizer") return mbart(model, files);
  raise<TokenizerError>(
      "{} is for {}, whose layout of ids is not known here; save the model's fast "
      "tokenizer beside it (tokenizer.json)",
      path.string(), name);
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
  layout.defaults.special.insert(layout.defaults.special.end(), model.special.begin(),
                                 model.special.end());
  auto impl = std::make_shared<Impl>();
  impl->model = Unigram(layout.pieces, layout.unknown);
  impl->frame.normalizer = Normalizer(std::move(layout.steps), model.charsmap);
  std::vector<std::string> vocab;
  vocab.reserve(layout.pieces.size());
  for (auto& [piece, score] : layout.pieces) vocab.push_back(std::move(piece));
  finish_frame(impl->frame, files, vocab, layout.defaults);
  return SentencepieceTokenizer(std::move(impl));
}

std::optional<std::filesystem::path> find_sentencepiece_model(const std::filesystem::path& folder) {
  constexpr std::array kNames{"sentencepiece.bpe.model", "spiece.model", "sentencepiece.model"};
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
