// text/load_tokenizer.cpp: which kind of tokenizer a folder holds.
#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <tamis/error.hpp>
#include <tamis/text/load_tokenizer.hpp>

#include "text/byte_level_files.hpp"
#include "text/sentencepiece_files.hpp"
#include "text/tokenizer_class.hpp"
#include "text/tokenizer_files.hpp"
#include "text/wordpiece_files.hpp"

namespace tamis {
namespace {

using nlohmann::json;

// The classes of transformers whose vocab.txt is read as BERT's is.
bool reads_as_bert(std::string_view name) {
  constexpr std::array kNames{"",
                              "BertTokenizer",
                              "DistilBertTokenizer",
                              "ElectraTokenizer",
                              "MobileBertTokenizer",
                              "SqueezeBertTokenizer",
                              "ConvBertTokenizer",
                              "LayoutLMTokenizer",
                              "LxmertTokenizer"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

// Older files do not name their model's kind.
std::string model_kind(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  const json& model = json_part(files.tokenizer, "model", name);
  const json& vocab = json_part(model, "vocab", name);
  const char* guess = vocab.is_array() ? "Unigram" : model.contains("merges") ? "BPE" : "WordPiece";
  return json_or<std::string>(model, "type", guess, name);
}

}  // namespace

std::string tokenizer_class(const TokenizerFiles& files) {
  constexpr std::array<std::pair<std::string_view, const char*>, 11> kByModelType{
      {{"xlm-roberta", "XLMRobertaTokenizer"},
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
  auto name = json_or<std::string>(files.config, "tokenizer_class", "",
                                   files.name("tokenizer_config.json"));
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  if (!name.empty() && name != "PreTrainedTokenizer" && name != "TokenizersBackend") return name;
  const auto type =
      json_or<std::string>(files.model_config, "model_type", "", files.name("config.json"));
  for (const auto& [known, known_class] : kByModelType) {
    if (type == known) return known_class;
  }
  return "";
}

bool is_built_by_class(const TokenizerFiles& files) {
  const auto stated = json_or<std::string>(files.config, "tokenizer_class", "",
                                           files.name("tokenizer_config.json"));
  return !stated.starts_with("PreTrainedTokenizer") && stated != "TokenizersBackend";
}

AnyTokenizer load_tokenizer(const std::filesystem::path& folder) {
  const TokenizerFiles files = read_tokenizer_files(folder);
  if (!files.tokenizer.empty()) {
    const std::string kind = model_kind(files);
    if (kind == "WordPiece") return wordpiece_from_json(files);
    if (kind == "BPE" && is_byte_level(files)) return byte_level_from_json(files);
    if (kind == "Unigram" || kind == "BPE") return sentencepiece_from_json(files);
    raise<TokenizerError>(
        "{} is of kind {}, which is not supported; WordPiece, Unigram and BPE are",
        files.name("tokenizer.json"), kind);
  }
  if (const auto model = find_sentencepiece_model(folder)) {
    return sentencepiece_from_model(files, *model);
  }
  if (is_there<TokenizerError>(folder / "vocab.json")) return byte_level_from_vocab(files);
  if (is_there<TokenizerError>(folder / "vocab.txt")) {
    if (const std::string name = tokenizer_class(files); !reads_as_bert(name)) {
      raise<TokenizerError>(
          "{} is for {}, which is not supported; save the model's fast tokenizer "
          "there (tokenizer.json)",
          files.name("vocab.txt"), name);
    }
    return wordpiece_from_vocab(files);
  }
  raise<TokenizerError>(
      "{} holds no tokenizer; expected tokenizer.json, vocab.txt, "
      "vocab.json with merges.txt, sentencepiece.bpe.model or spiece.model",
      folder.string());
}

}  // namespace tamis
