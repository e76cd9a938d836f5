// text/sentencepiece_class.cpp
#include "text/sentencepiece_class.hpp"

#include <algorithm>

#include "text/tokenizer_class.hpp"

namespace tamis {

int t5_extra_ids(const TokenizerFiles& files) {
  constexpr int kMost = 1000;
  return std::min(json_or(files.config, "extra_ids", 100, files.name("tokenizer_config.json")),
                  kMost);
}

FrameDefaults defaults_of_class(const TokenizerFiles& files) {
  const std::string name = tokenizer_class(files);
  FrameDefaults defaults;
  if (name == "CamembertTokenizer") defaults.strip_before_mask = true;
  if (name == "AlbertTokenizer") {
    defaults.pair = FrameDefaults::Pair::bert;
    defaults.begin = "[CLS]";
    defaults.end = "[SEP]";
    defaults.mask = "[MASK]";
  }
  if (name == "DebertaV2Tokenizer") {
    defaults = {.pair = FrameDefaults::Pair::bert,
                .begin = "[CLS]",
                .end = "[SEP]",
                .pad = "[PAD]",
                .unknown = "[UNK]",
                .mask = "[MASK]"};
  }
  if (name == "T5Tokenizer") {
    defaults.pair = FrameDefaults::Pair::t5;
    defaults.begin.clear();
    defaults.mask.clear();
    for (int i = t5_extra_ids(files) - 1; i >= 0; --i) {
      defaults.special.push_back(fmt::format("<extra_id_{}>", i));
    }
  }
  if (name == "MBartTokenizer") {
    defaults.pair = FrameDefaults::Pair::mbart;
    defaults.strip_before_mask = true;
    defaults.special.assign(kMBartLanguages.begin(), kMBartLanguages.end());
    defaults.language = json_or<std::string>(files.config, "src_lang", "en_XX",
                                             files.name("tokenizer_config.json"));
  }
  return defaults;
}

std::vector<NormalizerStep> albert_steps(const TokenizerFiles& files) {
  using Kind = NormalizerStep::Kind;
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
  return steps;
}

std::vector<NormalizerStep> deberta_steps(const TokenizerFiles& files) {
  using Kind = NormalizerStep::Kind;
  const std::string config = files.name("tokenizer_config.json");
  if (json_or(files.config, "split_by_punct", false, config)) {
    raise<TokenizerError>("{}: split_by_punct is not supported; set it to false", config);
  }
  std::vector<NormalizerStep> steps{{Kind::collapse_white_space, "", " "},
                                    {Kind::compose_canonical, "", ""},
                                    {Kind::trim_right, "", ""}};
  if (json_or(files.config, "do_lower_case", false, config)) {
    steps.insert(steps.begin(), {Kind::lowercase, "", ""});
  }
  return steps;
}

ClassWords words_of_class(const TokenizerFiles& files) {
  using Prefix = SentencepieceTokenizer::Impl::Prefix;
  const std::string name = tokenizer_class(files);
  if (name == "T5Tokenizer" || name == "MBartTokenizer") return {};
  const bool prefixed =
      json_or(files.config, "add_prefix_space", true, files.name("tokenizer_config.json"));
  if (name == "DebertaV2Tokenizer") return {false, prefixed ? Prefix::always : Prefix::first};
  return {true, prefixed ? Prefix::always : Prefix::never};
}

std::optional<TokenId> unknown_of_class(const TokenizerFiles& files,
                                        const std::vector<std::string>& vocab) {
  const std::string name = tokenizer_class(files);
  if (name == "AlbertTokenizer") return 1;
  if (name == "T5Tokenizer") return 2;
  if (name == "XLMRobertaTokenizer" || name == "MBartTokenizer") return 3;
  const bool is_deberta = name == "DebertaV2Tokenizer";
  if (!is_deberta && name != "CamembertTokenizer") return std::nullopt;
  const std::string unknown = special_token(files, "unk_token", is_deberta ? "[UNK]" : "<unk>");
  const auto found = std::find(vocab.begin(), vocab.end(), unknown);
  if (found != vocab.end()) return static_cast<TokenId>(found - vocab.begin());
  return is_deberta ? 1 : 0;
}

}  // namespace tamis
