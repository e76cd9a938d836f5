// tamis/text/pair_template.hpp: the special tokens around a query and a document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tamis/text/tokens.hpp>

namespace tamis {

/// A special token and the segment ("token type") it belongs to.
struct TemplateToken {
  TokenId id = 0;
  std::uint8_t type = 0;

  friend bool operator==(const TemplateToken&, const TemplateToken&) = default;
};

/// `prefix query infix document suffix`.
///
/// BERT: [CLS] q [SEP] d [SEP], document_type 1. RoBERTa: <s> q </s></s> d </s>, all types 0.
struct PairTemplate {
  std::vector<TemplateToken> prefix{};
  std::vector<TemplateToken> infix{};
  std::vector<TemplateToken> suffix{};
  std::uint8_t query_type = 0;
  std::uint8_t document_type = 0;
  bool cut_begin = false;  ///< a side that is too long loses its first tokens, else its last ones

  [[nodiscard]] std::size_t special_tokens() const noexcept {
    return prefix.size() + infix.size() + suffix.size();
  }
  friend bool operator==(const PairTemplate&, const PairTemplate&) = default;
};

}  // namespace tamis
