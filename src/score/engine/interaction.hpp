// score/engine/interaction.hpp: the readout of tamis_interaction, MaxSim and cosine between two
// texts' states; training/model.py defines it.
#pragma once

#include <cstddef>
#include <vector>

#include "score/engine/encoder_weights.hpp"

namespace tamis::engine {

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
[[nodiscard]] QueryReading read_query(const EncoderWeights& weights, const float* states,
                                      std::size_t tokens);
[[nodiscard]] DocumentReading read_document(const EncoderWeights& weights, const float* states,
                                            std::size_t tokens);

[[nodiscard]] float logit(const EncoderWeights& weights, const QueryReading& query,
                          const DocumentReading& document);

}  // namespace tamis::engine
