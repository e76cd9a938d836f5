// text/wordpiece_files.hpp: a WordPiece tokenizer from its files.
#pragma once

#include <tamis/text/wordpiece.hpp>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// From tokenizer.json's model, normalizer and pre_tokenizer.
[[nodiscard]] WordPieceTokenizer wordpiece_from_json(const TokenizerFiles& files);

/// From vocab.txt and tokenizer_config.json.
[[nodiscard]] WordPieceTokenizer wordpiece_from_vocab(const TokenizerFiles& files);

}  // namespace tamis
