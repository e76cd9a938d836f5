// text/sentencepiece_files.hpp: a sentencepiece tokenizer from its files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <tamis/text/sentencepiece.hpp>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// From tokenizer.json: a Unigram or BPE model over U+2581.
[[nodiscard]] SentencepieceTokenizer sentencepiece_from_json(const TokenizerFiles& files);

/// From the .model file `path`, with the layout of ids that tokenizer_class (or config.json's
/// model_type) asks for.
[[nodiscard]] SentencepieceTokenizer sentencepiece_from_model(const TokenizerFiles& files,
                                                              const std::filesystem::path& path);

/// What a kind of model has where its files say nothing.
struct SentencepieceDefaults {
  enum class Pair {
    roberta,  ///< begin q end end d end; all types 0
    bert,     ///< begin q end d end; types 0 and 1
    t5,       ///< q end d end; all types 0
  };
  Pair pair = Pair::roberta;
  std::string begin = "<s>";
  std::string end = "</s>";
  std::string pad = "<pad>";
  std::string unknown = "<unk>";
  std::string mask = "<mask>";
  bool strip_before_mask = false;
  std::vector<std::string> special;  ///< more special tokens
};

/// Fills in all but the normalizer, the words and the model; `vocab[id]` is a piece.
void finish_sentencepiece(SentencepieceTokenizer::Impl& impl, const TokenizerFiles& files,
                          const std::vector<std::string>& vocab,
                          const SentencepieceDefaults& defaults);

/// sentencepiece.bpe.model, spiece.model, ...
[[nodiscard]] std::optional<std::filesystem::path> find_sentencepiece_model(
    const std::filesystem::path& folder);

}  // namespace tamis
