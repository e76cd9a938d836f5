// score/engine/interaction.hpp: the readout of tamis_interaction, MaxSim and cosine between two
// texts' states; training/model.py defines it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "score/engine/encoder_weights.hpp"

namespace tamis::engine {

/// Tokens [begin, end) of a text of `tokens` that MaxSim compares.
struct TokenRange {
  std::size_t begin;
  std::size_t end;
  [[nodiscard]] std::size_t size() const { return end - begin; }
};
[[nodiscard]] TokenRange compared_tokens(const EncoderConfig& config, std::size_t tokens);

/// Of the compared tokens of a query's `states` [tokens, hidden], each in (0, 1); 1 where the model
/// has no such weights.
[[nodiscard]] std::vector<double> token_weights(const EncoderWeights& weights,
                                                std::span<const float> states);

/// What the head makes of the first token's state: a constant of the query. 0 without a head.
[[nodiscard]] double head_of(const EncoderWeights& weights, std::span<const float> states);

/// What is compared of a query.
struct QueryReading {
  std::vector<float> rows;      ///< [compared tokens, hidden], each of length 1
  std::vector<double> weights;  ///< [compared tokens]
  std::vector<float> mean;      ///< [hidden], of all tokens
  double head = 0;              ///< what the head makes of the first token
};

/// What is compared of a document.
struct DocumentReading {
  Linear keys;              ///< [compared tokens, hidden], each of length 1
  std::vector<float> mean;  ///< [hidden], of all tokens
};

/// `states`: last hidden states [tokens, hidden] of the text.
[[nodiscard]] QueryReading read_query(const EncoderWeights& weights, std::span<const float> states);
[[nodiscard]] DocumentReading read_document(const EncoderWeights& weights,
                                            std::span<const float> states);

[[nodiscard]] float logit(const EncoderWeights& weights, const QueryReading& query,
                          const DocumentReading& document);

}  // namespace tamis::engine
