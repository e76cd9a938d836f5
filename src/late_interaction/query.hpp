// late_interaction/query.hpp: a query, encoded once and packed for the products with passages.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "late_interaction/parts.hpp"
#include "score/engine/linear.hpp"

namespace tamis {

struct EncodedQuery {
  engine::Linear vectors;      ///< [1 + tokens, width], unit: the mean, then the tokens
  std::vector<double> weight;  ///< [tokens], of sum 1; ColBERT: each 1
  double head = 0;
  std::uint32_t tokens_cut = 0;
};

/// Throws TruncationError, NonFiniteScore, Cancelled.
[[nodiscard]] EncodedQuery encode_query(const LateInteractionParts& parts, std::string_view query,
                                        const ReadOptions& options);

}  // namespace tamis
