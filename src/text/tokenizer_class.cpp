// text/tokenizer_class.cpp
#include "text/tokenizer_class.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <tamis/error.hpp>

namespace tamis {
namespace {

using nlohmann::json;

constexpr std::string_view kWordPiece = "WordPiece";
constexpr std::string_view kBpe = "BPE";
constexpr std::string_view kUnigram = "Unigram";

constexpr std::array<std::pair<std::string_view, const char*>, 26> kByModelType{
    {{"bert", "BertTokenizer"},
     {"convbert", "BertTokenizer"},
     {"distilbert", "BertTokenizer"},
     {"electra", "BertTokenizer"},
     {"ernie", "BertTokenizer"},
     {"layoutlm", "BertTokenizer"},
     {"lxmert", "BertTokenizer"},
     {"megatron-bert", "BertTokenizer"},
     {"mobilebert", "MobileBertTokenizer"},
     {"nezha", "BertTokenizer"},
     {"nomic_bert", "BertTokenizer"},
     {"squeezebert", "BertTokenizer"},
     {"xlm-roberta", "XLMRobertaTokenizer"},
     {"camembert", "CamembertTokenizer"},
     {"mbart", "MBartTokenizer"},
     {"albert", "AlbertTokenizer"},
     {"t5", "T5Tokenizer"},
     {"deberta-v2", "DebertaV2Tokenizer"},
     {"xlnet", "XLNetTokenizer"},
     {"mpnet", "MPNetTokenizer"},
     {"roberta", "RobertaTokenizer"},
     {"bart", "RobertaTokenizer"},
     {"data2vec-text", "RobertaTokenizer"},
     {"roberta-prelayernorm", "RobertaTokenizer"},
     {"longformer", "RobertaTokenizer"},
     {"gpt2", "GPT2Tokenizer"}}};

/// What transformers 5 has a class for, and tamis knows how it reads a tokenizer.json.
struct KnownClass {
  std::string_view name;
  std::string_view model;  // the kind of it that the class builds
  bool has_types = false;  // whether it hands the model type ids
};

constexpr std::array<KnownClass, 22> kKnown{{{"BertTokenizer", kWordPiece, true},
                                             {"ElectraTokenizer", kWordPiece, true},
                                             {"MobileBertTokenizer", kWordPiece, true},
                                             {"SqueezeBertTokenizer", kWordPiece, true},
                                             {"ConvBertTokenizer", kWordPiece, true},
                                             {"LayoutLMTokenizer", kWordPiece, true},
                                             {"LxmertTokenizer", kWordPiece, true},
                                             {"DistilBertTokenizer", kWordPiece},
                                             {"MPNetTokenizer", kWordPiece},
                                             {"RobertaTokenizer", kBpe},
                                             {"BartTokenizer", kBpe},
                                             {"LongformerTokenizer", kBpe},
                                             {"LEDTokenizer", kBpe},
                                             {"MvpTokenizer", kBpe},
                                             {"GPT2Tokenizer", kBpe},
                                             {"DebertaTokenizer", kBpe, true},
                                             {"XLMRobertaTokenizer", kUnigram},
                                             {"CamembertTokenizer", kUnigram},
                                             {"AlbertTokenizer", kUnigram},
                                             {"T5Tokenizer", kUnigram},
                                             {"MBartTokenizer", kUnigram},
                                             {"DebertaV2Tokenizer", kUnigram, true}}};

const KnownClass* find_known(std::string_view name) {
  const auto* const found = std::find_if(kKnown.begin(), kKnown.end(),
                                         [&](const KnownClass& each) { return each.name == name; });
  return found == kKnown.end() ? nullptr : found;
}

/// As a file states it; an empty name is one too: transformers knows no such class.
std::optional<std::string> stated_class(const TokenizerFiles& files) {
  const auto own = files.config.find("tokenizer_class");
  const bool in_own = own != files.config.end() && !own->is_null();
  auto name =
      json_or<std::string>(in_own ? files.config : files.model_config, "tokenizer_class", "",
                           files.name(in_own ? "tokenizer_config.json" : "config.json"));
  return in_own || !name.empty() ? std::optional(std::move(name)) : std::nullopt;
}

bool is_general(std::string_view name) {
  return name.empty() || name.starts_with("PreTrainedTokenizer") || name == "TokenizersBackend" ||
         name == "PythonBackend";
}

}  // namespace

std::string tokenizer_class(const TokenizerFiles& files) {
  std::string name = stated_class(files).value_or("");
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (!is_general(name)) return name;
  const auto type =
      json_or<std::string>(files.model_config, "model_type", "", files.name("config.json"));
  for (const auto& [known, known_class] : kByModelType) {
    if (type == known) return known_class;
  }
  return "";
}

bool is_bert_class(std::string_view name) {
  const KnownClass* const known = find_known(name);
  return known != nullptr && known->model == kWordPiece;
}

bool is_built_by_class(const TokenizerFiles& files) {
  const auto stated = stated_class(files);
  return !stated || (!is_general(*stated) && find_known(tokenizer_class(files)) != nullptr);
}

bool has_template_of_class(const TokenizerFiles& files) {
  constexpr std::array<std::string_view, 10> kNames{
      "RobertaTokenizer", "BartTokenizer",       "LongformerTokenizer", "LEDTokenizer",
      "MvpTokenizer",     "XLMRobertaTokenizer", "CamembertTokenizer",  "T5Tokenizer",
      "MBartTokenizer",   "DebertaV2Tokenizer"};
  const std::string name = tokenizer_class(files);
  const bool is_one = std::find(kNames.begin(), kNames.end(), name) != kNames.end();
  return is_built_by_class(files) && (is_bert_class(name) || is_one);
}

void check_model_of_class(const TokenizerFiles& files, std::string_view model) {
  const std::string name = tokenizer_class(files);
  const KnownClass* const known = is_built_by_class(files) ? find_known(name) : nullptr;
  if (known == nullptr || known->model == model) return;
  raise<TokenizerError>(
      "{} is of kind {}, and {}, which {} names, reads {}: transformers 5 reads no text rightly "
      "with both; write the class that the file was made by into tokenizer_config.json "
      "(tokenizer_class), or PreTrainedTokenizerFast",
      files.name("tokenizer.json"), model, name,
      stated_class(files) ? "tokenizer_config.json or config.json"
                          : "the model_type of config.json",
      known->model);
}

bool names_type_ids(const TokenizerFiles& files) {
  const auto names = files.config.find("model_input_names");
  if (names != files.config.end() && names->is_array()) {
    return std::find(names->begin(), names->end(), "token_type_ids") != names->end();
  }
  const std::string name = tokenizer_class(files);
  if (name.empty() && !stated_class(files)) return true;  // nothing says what it is for
  const KnownClass* const known = is_built_by_class(files) ? find_known(name) : nullptr;
  return known != nullptr && known->has_types;
}

}  // namespace tamis
