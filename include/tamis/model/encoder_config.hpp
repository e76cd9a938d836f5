// tamis/model/encoder_config.hpp: the shape of a known encoder, as its config.json states it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

enum class EncoderFamily { bert, roberta, distilbert, electra, interaction };

enum class HiddenActivation { gelu_erf, gelu_tanh, relu, silu };

struct EncoderConfig {
  EncoderFamily family = EncoderFamily::bert;
  std::string model_type;  ///< as config.json writes it: "xlm-roberta"
  std::size_t vocab_size = 0;
  std::size_t hidden_size = 0;
  std::size_t embedding_size = 0;  ///< differs from hidden_size in small ELECTRA models only
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t intermediate_size = 0;
  std::size_t position_table = 0;   ///< rows of the position table
  std::size_t position_offset = 0;  ///< row of the first position; pad_token_id + 1 for RoBERTa
  std::size_t type_vocab_size = 0;  ///< 0: no segment table
  std::size_t labels = 1;
  float layer_norm_eps = 1e-12F;
  HiddenActivation activation = HiddenActivation::gelu_erf;
  bool restart_positions = false;  ///< positions begin again in segment 1 (interaction)
  std::size_t closed_layers = 0;   ///< first ones, in which texts do not meet (interaction)
  /// log(own tokens / other tokens) is added to the bias of attention between texts (interaction).
  bool attention_bias_by_length = false;
  bool interaction_special_tokens = true;  ///< special tokens take part in the readout
  std::string query_prefix;                ///< "query: ", read before each query (interaction)
  std::string document_prefix;             ///< "passage: ", read before each document (interaction)

  /// Whether each text of a pair has the states that it has alone, as late interaction reads it.
  [[nodiscard]] bool reads_apart() const noexcept {
    return family == EncoderFamily::interaction && restart_positions && closed_layers == layers;
  }

  /// The longest sequence that the position table holds.
  [[nodiscard]] std::size_t max_positions() const noexcept {
    return position_table > position_offset ? position_table - position_offset : 0;
  }
};

/// The architectures that the engine knows, as config.json's `model_type` writes them.
[[nodiscard]] std::vector<std::string> known_encoders();

/// `json`: the text of config.json; `source` names it in messages. Nothing when it states another
/// architecture than those the engine knows. Throws ModelError for a known one with a field that
/// the engine does not support, naming the field.
[[nodiscard]] std::optional<EncoderConfig> parse_encoder_config(std::string_view json,
                                                                std::string_view source);

}  // namespace tamis
