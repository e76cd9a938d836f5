// tamis/text/tokenizer.hpp: the interface of every tokenizer, and a value that holds any of them.
//
//   tamis::AnyTokenizer tokenizer = tamis::load_tokenizer("models/minilm");
//   tamis::Tokens tokens = tokenizer.tokenize("who signed the treaty?");
#pragma once

#include <concepts>
#include <cstddef>
#include <limits>
#include <memory>
#include <string_view>
#include <utility>

#include <tamis/text/pair_template.hpp>
#include <tamis/text/tokens.hpp>

namespace tamis {

/// Says that a tokenizer states no limit of its own.
inline constexpr std::size_t kNoLimit = std::numeric_limits<std::size_t>::max();

/// A tokenizer is immutable once made: any number of threads may call it.
///
/// `tokenize` takes UTF-8; a byte that is part of no valid sequence reads as U+FFFD (one for each
/// maximal subpart, as the Unicode Standard recommends, section 3.9). It adds no special tokens.
template <typename T>
concept Tokenizer = requires(const T& tokenizer, std::string_view text, bool with_spans) {
  { tokenizer.tokenize(text, with_spans) } -> std::same_as<Tokens>;
  { tokenizer.pair_template() } -> std::convertible_to<const PairTemplate&>;
  { tokenizer.max_length() } -> std::convertible_to<std::size_t>;  // special tokens included
  { tokenizer.vocab_size() } -> std::convertible_to<std::size_t>;
  { tokenizer.pad_id() } -> std::convertible_to<TokenId>;
};

/// Holds any tokenizer; copies share it.
class AnyTokenizer {
 public:
  template <Tokenizer T>
  requires(!std::same_as<std::remove_cvref_t<T>, AnyTokenizer>)
      AnyTokenizer(T tokenizer)  // NOLINT(google-explicit-constructor): a value that stands for any
      : self_(std::make_shared<const Model<T>>(std::move(tokenizer))) {}

  [[nodiscard]] Tokens tokenize(std::string_view text, bool with_spans = false) const {
    return self_->tokenize(text, with_spans);
  }
  [[nodiscard]] const PairTemplate& pair_template() const { return self_->pair_template(); }
  [[nodiscard]] std::size_t max_length() const { return self_->max_length(); }
  [[nodiscard]] std::size_t vocab_size() const { return self_->vocab_size(); }
  [[nodiscard]] TokenId pad_id() const { return self_->pad_id(); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual Tokens tokenize(std::string_view text, bool with_spans) const = 0;
    [[nodiscard]] virtual const PairTemplate& pair_template() const = 0;
    [[nodiscard]] virtual std::size_t max_length() const = 0;
    [[nodiscard]] virtual std::size_t vocab_size() const = 0;
    [[nodiscard]] virtual TokenId pad_id() const = 0;
  };
  template <typename T>
  struct Model final : Interface {
    explicit Model(T tokenizer) : value(std::move(tokenizer)) {}
    Tokens tokenize(std::string_view text, bool with_spans) const override {
      return value.tokenize(text, with_spans);
    }
    const PairTemplate& pair_template() const override { return value.pair_template(); }
    std::size_t max_length() const override { return value.max_length(); }
    std::size_t vocab_size() const override { return value.vocab_size(); }
    TokenId pad_id() const override { return value.pad_id(); }
    T value;
  };
  std::shared_ptr<const Interface> self_;
};

}  // namespace tamis
