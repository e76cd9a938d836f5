// text/tokenizer_class.cpp
#include "text/tokenizer_class.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tamis {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<std::string_view, const char*>, 21> kByModelType{
    {{"bert", "BertTokenizer"},
     {"convbert", "BertTokenizer"},
     {"distilbert", "BertTokenizer"},
     {"electra", "BertTokenizer"},
     {"ernie", "BertTokenizer"},
     {"layoutlm", "BertTokenizer"},
     {"lxmert", "BertTokenizer"},
     {"megatron-bert", "BertTokenizer"},
     {"mobilebert", "BertTokenizer"},
     {"squeezebert", "BertTokenizer"},
     {"xlm-roberta", "XLMRobertaTokenizer"},
     {"camembert", "CamembertTokenizer"},
     {"mbart", "MBartTokenizer"},
     {"albert", "AlbertTokenizer"},
     {"t5", "T5Tokenizer"},
     {"deberta-v2", "DebertaV2Tokenizer"},
     {"xlnet", "XLNetTokenizer"},
     {"roberta", "RobertaTokenizer"},
     {"bart", "RobertaTokenizer"},
     {"longformer", "RobertaTokenizer"},
     {"gpt2", "GPT2Tokenizer"}}};

/// As a file states it; empty when none does.
std::string stated_class(const TokenizerFiles& files) {
  auto name = json_or<std::string>(files.config, "tokenizer_class", "",
                                   files.name("tokenizer_config.json"));
  if (!name.empty()) return name;
  return json_or<std::string>(files.model_config, "tokenizer_class", "", files.name("config.json"));
}

bool is_general(std::string_view name) {
  return name.starts_with("PreTrainedTokenizer") || name == "TokenizersBackend";
}

template <std::size_t N>
bool is_one_of(std::string_view name, const std::array<std::string_view, N>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

std::string tokenizer_class(const TokenizerFiles& files) {
  std::string name = stated_class(files);
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (!name.empty() && !is_general(name)) return name;
  const auto type =
      json_or<std::string>(files.model_config, "model_type", "", files.name("config.json"));
  for (const auto& [known, known_class] : kByModelType) {
    if (type == known) return known_class;
  }
  return "";
}

bool is_bert_class(std::string_view name) {
  constexpr std::array<std::string_view, 8> kNames{
      "BertTokenizer",        "DistilBertTokenizer", "ElectraTokenizer",  "MobileBertTokenizer",
      "SqueezeBertTokenizer", "ConvBertTokenizer",   "LayoutLMTokenizer", "LxmertTokenizer"};
  return is_one_of(name, kNames);
}

bool is_built_by_class(const TokenizerFiles& files) { return !is_general(stated_class(files)); }

bool has_template_of_class(const TokenizerFiles& files) {
  constexpr std::array<std::string_view, 7> kNames{
      "RobertaTokenizer", "BartTokenizer",       "LongformerTokenizer", "LEDTokenizer",
      "MvpTokenizer",     "XLMRobertaTokenizer", "CamembertTokenizer"};
  const std::string name = tokenizer_class(files);
  return is_built_by_class(files) && (is_bert_class(name) || is_one_of(name, kNames));
}

bool names_type_ids(const TokenizerFiles& files) {
  const auto names = files.config.find("model_input_names");
  if (names != files.config.end() && names->is_array()) {
    return std::find(names->begin(), names->end(), "token_type_ids") != names->end();
  }
  return is_built_by_class(files) && tokenizer_class(files) != "DistilBertTokenizer";
}

}  // namespace tamis
