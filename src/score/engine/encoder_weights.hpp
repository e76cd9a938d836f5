// score/engine/encoder_weights.hpp: a loaded encoder: tables that stay mapped, layers that are
// packed.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <tamis/model/bundle.hpp>

#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"
#include "score/engine/tensor_reader.hpp"

namespace tamis::engine {

struct Norm {
  std::vector<float> gain;
  std::vector<float> shift;
};

struct EmbeddingWeights {
  StoredTensor words;
  std::vector<float> positions;  ///< [position_table, width]
  std::vector<float> segments;   ///< [type_vocab_size, width], empty: none
  Norm norm;
  Linear projection;  ///< ELECTRA with embedding_size != hidden_size; else without outputs
};

/// Keys and values of a layer of which only first tokens are read, head by head.
struct FirstTokenWeights {
  std::vector<Linear> keys;    ///< [hidden, head size] each: transposed, without the bias
  std::vector<Linear> values;  ///< [head size, hidden] each
};

struct LayerWeights {
  Linear query;      ///< divided by sqrt(head size), so that logits of attention need no scale
  Linear key_value;  ///< [2 * hidden, hidden], in that order; without outputs: first_token
  FirstTokenWeights first_token;
  Linear attention_output;
  Norm attention_norm;
  Linear inner;
  Linear outer;
  Norm output_norm;
  std::vector<float> segment_bias;  ///< [heads], on base-2 logits between segments; empty: none
};

/// What makes logits of the last hidden states.
struct HeadWeights {
  Linear dense;  ///< pooler, pre_classifier or dense; without outputs: none
  Linear classifier;
  // tamis_interaction:
  std::vector<float> token_weight;  ///< [hidden]
  float token_bias = 0;
  float maxsim_mix = 0;
  float cosine_mix = 0;
};

struct EncoderWeights {
  EncoderConfig config;
  const Kernels* kernels = nullptr;
  const Product* attention = nullptr;  ///< precision of the products inside attention
  std::optional<WeightFile> file;      ///< keeps the mapping that the word embeddings are read from
  EmbeddingWeights embeddings;
  std::vector<LayerWeights> layers;
  HeadWeights head;

  /// Whether logits come from each pair's first token alone.
  [[nodiscard]] bool reads_first_token() const {
    return config.family != EncoderFamily::interaction && head.classifier.outputs != 0;
  }

  /// So many of the first layers give each text of a pair the states that it has alone.
  [[nodiscard]] std::size_t closed_layers() const;

  /// Whether all of them do, so that the texts meet in the readout only.
  [[nodiscard]] bool reads_apart() const { return closed_layers() == layers.size(); }
};

/// A bare encoder has no head; it is loaded only where its token states are what is wanted.
enum class Head { required, left_out };

/// The linear layers of the encoder in the precision of that name, all else in fp32. Throws
/// ModelError; InvalidArgument; see FusedEncoderScorer::load.
[[nodiscard]] EncoderWeights load_encoder(const ModelSpec& spec, const WeightFile& file,
                                          const Kernels& kernels, const std::string& precision,
                                          Head head = Head::required);

/// Throws ModelError for an architecture that the engine does not know.
void require_known(const ModelSpec& spec);

}  // namespace tamis::engine
