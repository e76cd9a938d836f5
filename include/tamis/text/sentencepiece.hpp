// tamis/text/sentencepiece.hpp: the tokenizers of XLM-RoBERTa, CamemBERT, BARThez, mBART, ALBERT,
// T5.
//
//   auto tokenizer = tamis::SentencepieceTokenizer::load("models/bge-reranker-v2-m3");
//   tokenizer.tokenize("Hello World!").ids;  // {35378, 6661, 38}
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include <tamis/text/tokenizer.hpp>

namespace tamis {

/// Unigram and BPE models, equal, token for token, to Hugging Face `tokenizers`, which differs from
/// sentencepiece's own library in places; docs/tokenizers.md says where.
class SentencepieceTokenizer {
 public:
  struct Impl;

  /// From tokenizer.json, or from a .model file with tokenizer_config.json and config.json. Throws
  /// TokenizerError.
  [[nodiscard]] static SentencepieceTokenizer load(const std::filesystem::path& folder);

  explicit SentencepieceTokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  [[nodiscard]] Tokens tokenize(std::string_view text, bool with_spans = false) const;
  [[nodiscard]] const PairTemplate& pair_template() const noexcept;
  [[nodiscard]] std::size_t max_length() const noexcept;
  [[nodiscard]] std::size_t vocab_size() const noexcept;
  [[nodiscard]] TokenId pad_id() const noexcept;

 private:
  std::shared_ptr<const Impl> impl_;
};

static_assert(Tokenizer<SentencepieceTokenizer>);

}  // namespace tamis
