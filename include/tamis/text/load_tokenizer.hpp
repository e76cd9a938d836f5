// tamis/text/load_tokenizer.hpp: the tokenizer of a Hugging Face folder, whichever kind it is.
//
//   tamis::AnyTokenizer tokenizer = tamis::load_tokenizer("models/minilm");
//   tamis::Tokens tokens = tokenizer.tokenize("who signed the treaty?");
#pragma once

#include <filesystem>

#include <tamis/text/tokenizer.hpp>

namespace tamis {

/// Reads tokenizer.json, or vocab.txt, or a sentencepiece model (sentencepiece.bpe.model,
/// spiece.model, spm.model), with tokenizer_config.json and config.json where they are there.
/// Throws TokenizerError when the folder has none of them, a file is broken, or the kind is not
/// supported.
[[nodiscard]] AnyTokenizer load_tokenizer(const std::filesystem::path& folder);

}  // namespace tamis
