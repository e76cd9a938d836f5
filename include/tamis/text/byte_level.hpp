// tamis/text/byte_level.hpp: the tokenizers of RoBERTa, BART and GPT-2.
//
//   auto tokenizer = tamis::ByteLevelTokenizer::load("models/roberta-reranker");
//   tokenizer.tokenize("Hello world").ids;  // {31414, 232}
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

#include <tamis/text/tokenizer.hpp>

namespace tamis {

/// BPE over bytes: no text is unknown. Equal, token for token, to Hugging Face `tokenizers`.
class ByteLevelTokenizer {
 public:
  struct Impl;

  /// From tokenizer.json, or from vocab.json and merges.txt with tokenizer_config.json. Throws
  /// TokenizerError.
  [[nodiscard]] static ByteLevelTokenizer load(const std::filesystem::path& folder);

  explicit ByteLevelTokenizer(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

  [[nodiscard]] Tokens tokenize(std::string_view text, bool with_spans = false) const;
  [[nodiscard]] const PairTemplate& pair_template() const noexcept;
  [[nodiscard]] std::size_t max_length() const noexcept;
  [[nodiscard]] std::size_t vocab_size() const noexcept;
  [[nodiscard]] TokenId pad_id() const noexcept;

 private:
  std::shared_ptr<const Impl> impl_;
};

static_assert(Tokenizer<ByteLevelTokenizer>);

}  // namespace tamis
