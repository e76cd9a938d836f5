// text/byte_level_files.hpp: a byte-level BPE tokenizer from its files.
#pragma once

#include <tamis/text/byte_level.hpp>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// Whether tokenizer.json's pre_tokenizer turns text into bytes.
[[nodiscard]] bool is_byte_level(const TokenizerFiles& files);

[[nodiscard]] ByteLevelTokenizer byte_level_from_json(const TokenizerFiles& files);

/// From vocab.json and merges.txt.
[[nodiscard]] ByteLevelTokenizer byte_level_from_vocab(const TokenizerFiles& files);

}  // namespace tamis
