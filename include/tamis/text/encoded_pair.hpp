// tamis/text/encoded_pair.hpp: a query and a document as the model reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tamis/text/tokens.hpp>

namespace tamis {

/// The value that leaves the step text -> tokens.
struct EncodedPair {
  std::vector<TokenId> ids;
  std::vector<std::uint8_t> type_ids;     ///< one per id
  std::uint32_t document_begin = 0;       ///< index in `ids` of the document's first token
  std::uint32_t document_tokens = 0;      ///< tokens of the document that were kept
  std::uint32_t query_tokens_cut = 0;     ///< tokens of the query that did not fit
  std::uint32_t document_tokens_cut = 0;  ///< tokens of the document that did not fit

  [[nodiscard]] std::size_t size() const noexcept { return ids.size(); }
  [[nodiscard]] bool truncated() const noexcept {
    return query_tokens_cut != 0 || document_tokens_cut != 0;
  }
};

}  // namespace tamis
