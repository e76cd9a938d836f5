// text/pair_template_of.hpp: the pair template that a tokenizer's files ask for.
#pragma once

#include <tamis/text/pair_template.hpp>

#include "text/tokenizer_files.hpp"

namespace tamis {

/// [CLS] q [SEP] d [SEP]; types 0 and 1.
[[nodiscard]] PairTemplate bert_pair(TokenId cls, TokenId sep);

/// <s> q </s></s> d </s>; all types 0.
[[nodiscard]] PairTemplate roberta_pair(TokenId begin, TokenId end);

/// `otherwise` where it is what the tokenizer's class writes, else what tokenizer.json's
/// post_processor says; before both config.json's `pair_template`, the one field there that is
/// ours: "cls_sep_cls_sep" is [CLS] q [SEP] [CLS] d [SEP] with type 1 from the second [CLS] on.
/// Sides are cut where `truncation_side` says.
[[nodiscard]] PairTemplate pair_template_of(const TokenizerFiles& files, PairTemplate otherwise,
                                            TokenId cls, TokenId sep);

}  // namespace tamis
