// text/tokenizer_class.hpp: the class of transformers that a folder's tokenizer is for.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// "BertTokenizer", ...: tokenizer_config.json's tokenizer_class without "Fast", or config.json's,
/// or what its model_type stands for; empty when nothing says it.
[[nodiscard]] std::string tokenizer_class(const TokenizerFiles& files);

/// Whether its vocab.txt is read as BERT's is.
[[nodiscard]] bool is_bert_class(std::string_view name);

/// Whether transformers 5 may build the class itself and take only a vocabulary and a pair template
/// from tokenizer.json; it follows the file where the class is a general one, or none that it
/// knows.
[[nodiscard]] bool is_built_by_class(const TokenizerFiles& files);

/// Whether that class writes the pair template too, around the special tokens of
/// tokenizer_config.json: what tokenizer.json says of it is not read then.
[[nodiscard]] bool has_template_of_class(const TokenizerFiles& files);

/// Throws TokenizerError where a class that builds the tokenizer itself makes another kind of model
/// ("WordPiece", "BPE", "Unigram") than the tokenizer.json holds.
void check_model_of_class(const TokenizerFiles& files, std::string_view model);

/// Whether transformers 5 hands the type ids to the model: `model_input_names` says it, else the
/// class, and the general ones do not.
[[nodiscard]] bool names_type_ids(const TokenizerFiles& files);

}  // namespace tamis
