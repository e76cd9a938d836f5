// text/sentencepiece_class.hpp: what transformers' classes over sentencepiece models have of their
// own, whatever files they are read from.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "text/frame_files.hpp"
#include "text/normalizer.hpp"
#include "text/sentencepiece_tokenizer.hpp"

namespace tamis {

inline constexpr std::array kMBartLanguages{
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN",
    "hi_IN", "it_IT", "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP",
    "nl_XX", "ro_RO", "ru_RU", "si_LK", "tr_TR", "vi_VN", "zh_CN"};

/// Special tokens and the pair template; XLM-RoBERTa's where no class is known.
[[nodiscard]] FrameDefaults defaults_of_class(const TokenizerFiles& files);

/// How many "<extra_id_0>" T5 has.
[[nodiscard]] int t5_extra_ids(const TokenizerFiles& files);

/// ALBERT's normalisation, the charsmap at its end.
[[nodiscard]] std::vector<NormalizerStep> albert_steps(const TokenizerFiles& files);

/// DeBERTa 2 and 3's normalisation. Throws TokenizerError for `split_by_punct`.
[[nodiscard]] std::vector<NormalizerStep> deberta_steps(const TokenizerFiles& files);

/// How the class splits a text: most split at white space, and DeBERTa 2 makes U+2581 of each
/// space; U+2581 is put before a text unless the configuration of some classes says otherwise.
struct ClassWords {
  bool split_white_space = true;
  SentencepieceTokenizer::Impl::Prefix prefix = SentencepieceTokenizer::Impl::Prefix::always;
};
[[nodiscard]] ClassWords words_of_class(const TokenizerFiles& files);

/// The id of what is unknown; whatever tokenizer.json says. Nothing where no class is known.
[[nodiscard]] std::optional<TokenId> unknown_of_class(const TokenizerFiles& files,
                                                      const std::vector<std::string>& vocab);

}  // namespace tamis
