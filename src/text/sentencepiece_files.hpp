// text/sentencepiece_files.hpp: a sentencepiece tokenizer from its files.
#pragma once

#include <filesystem>
#include <optional>

#include <tamis/text/sentencepiece.hpp>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// From tokenizer.json: a Unigram or BPE model over U+2581.
[[nodiscard]] SentencepieceTokenizer sentencepiece_from_json(const TokenizerFiles& files);

/// From the .model file `path`, with the layout of ids that tokenizer_class (or config.json's
/// model_type) asks for.
[[nodiscard]] SentencepieceTokenizer sentencepiece_from_model(const TokenizerFiles& files,
                                                              const std::filesystem::path& path);

/// sentencepiece.bpe.model, spiece.model, ...
[[nodiscard]] std::optional<std::filesystem::path> find_sentencepiece_model(
    const std::filesystem::path& folder);

}  // namespace tamis
