// text/load_tokenizer.cpp: which kind of tokenizer a folder holds.
#include <filesystem>
#include <string>

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

// Older files do not name their model's kind.
std::string model_kind(const TokenizerFiles& files) {
  const std::string name = files.name("tokenizer.json");
  const json& model = json_part(files.tokenizer, "model", name);
  const json& vocab = json_part(model, "vocab", name);
  const char* guess = vocab.is_array() ? "Unigram" : model.contains("merges") ? "BPE" : "WordPiece";
  return json_or<std::string>(model, "type", guess, name);
}

}  // namespace

AnyTokenizer load_tokenizer(const std::filesystem::path& folder) {
  const TokenizerFiles files = read_tokenizer_files(folder);
  if (!files.tokenizer.empty()) {
    const std::string kind = model_kind(files);
    check_model_of_class(files, kind);
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
    if (const std::string name = tokenizer_class(files); !name.empty() && !is_bert_class(name)) {
      raise<TokenizerError>(
          "{} is for {}, which is not supported; save the model's fast tokenizer "
          "there (tokenizer.json)",
          files.name("vocab.txt"), name);
    }
    return wordpiece_from_vocab(files);
  }
  raise<TokenizerError>(
      "{} holds no tokenizer; expected tokenizer.json, vocab.txt, "
      "vocab.json with merges.txt, sentencepiece.bpe.model, spiece.model or spm.model",
      folder.string());
}

}  // namespace tamis
