// late_interaction/query.hpp: queries, encoded once and packed for the products with passages.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
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

using QueryHandle = std::shared_ptr<const EncodedQuery>;

/// In the order of the queries. Equal ones, and those that were used last, are encoded once. Throws
/// TruncationError, NonFiniteScore, Cancelled.
[[nodiscard]] std::vector<QueryHandle> encode_queries(const LateInteractionParts& parts,
                                                      std::span<const std::string_view> queries,
                                                      const ReadOptions& options);

}  // namespace tamis
