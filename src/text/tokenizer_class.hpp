// text/tokenizer_class.hpp: the class of transformers that a folder's tokenizer is for.
#pragma once

#include <string>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// "BertTokenizer", ...: tokenizer_config.json's tokenizer_class without "Fast", or what
/// config.json's model_type stands for; empty when neither says.
[[nodiscard]] std::string tokenizer_class(const TokenizerFiles& files);

/// Whether transformers 5 may build the class itself and take only a vocabulary and a pair template
/// from tokenizer.json; it follows the file where the class is a general one.
[[nodiscard]] bool is_built_by_class(const TokenizerFiles& files);

}  // namespace tamis
