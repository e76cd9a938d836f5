// A small random model in Hugging Face's layout, written without Python.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tamis/batch/packed.hpp>

#include "model/safetensors_writer.hpp"
#include "support/temporary_folder.hpp"

namespace test {

struct Shape {
  std::size_t width, heads, inner;
};
/// Sizes that are no multiple of any vector.
constexpr Shape kOdd{36, 3, 50};
/// Heads of whole panels on every set, and rows that crowd the first-level cache.
constexpr Shape kEven{128, 4, 512};

/// Change tensors or config, then write.
class RandomModel {
 public:
  static constexpr std::size_t kVocabulary = 61;
  static constexpr std::size_t kPositions = 90;

  /// `type`: "bert" or "tamis_interaction".
  explicit RandomModel(const std::string& type, const Shape& shape = kOdd) : shape_(shape) {
    config = {{"model_type", type},
              {"vocab_size", kVocabulary},
              {"hidden_size", shape.width},
              {"num_hidden_layers", 3},
              {"num_attention_heads", shape.heads},
              {"intermediate_size", shape.inner},
              {"type_vocab_size", 2},
              {"max_position_embeddings", kPositions},
              {"id2label", {{"0", "LABEL_0"}}}};
    add("embeddings.word_embeddings.weight", {kVocabulary, shape_.width});
    add("embeddings.position_embeddings.weight", {kPositions, shape_.width});
    add("embeddings.token_type_embeddings.weight", {2, shape_.width});
    add_norm("embeddings.LayerNorm");
    for (int i = 0; i < 3; ++i) add_layer("encoder.layer." + std::to_string(i));
    if (type == "bert") {
      add_linear("pooler.dense", shape_.width, shape_.width);
      add_linear("classifier", 1, shape_.width);
    } else {
      add_interaction();
    }
  }

  /// Of a tamis_interaction: the bias of every head of the first layers.
  void set_bias(float bias, std::size_t layers = 3) {
    auto& values = tensors.at("interaction.attention_bias").values;
    std::fill_n(values.begin(), shape_.heads * layers, bias);
  }

  void write(const TemporaryFolder& folder) const {
    SafetensorsWriter writer;
    for (const auto& [name, tensor] : tensors) writer.add(name, tensor.shape, tensor.values);
    folder.write("config.json", config.dump());
    folder.write("model.safetensors", writer.str());
  }

  struct Tensor {
    std::vector<std::size_t> shape;
    std::vector<float> values;
  };
  nlohmann::json config;
  std::map<std::string, Tensor> tensors;

 private:
  void add(const std::string& name, const std::vector<std::size_t>& shape, float mean = 0,
           float spread = 0.3F) {
    std::size_t count = 1;
    for (const std::size_t side : shape) count *= side;
    std::normal_distribution<float> normal(mean, spread);
    std::vector<float> values(count);
    for (float& value : values) value = normal(random_);
    tensors[name] = {shape, std::move(values)};
  }
  void add_linear(const std::string& name, std::size_t outputs, std::size_t inputs) {
    add(name + ".weight", {outputs, inputs});
    add(name + ".bias", {outputs});
  }
  void add_norm(const std::string& name) {
    add(name + ".weight", {shape_.width}, 1, 0.1F);
    add(name + ".bias", {shape_.width}, 0, 0.1F);
  }
  void add_layer(const std::string& name) {
    for (const char* part : {".attention.self.query", ".attention.self.key",
                             ".attention.self.value", ".attention.output.dense"}) {
      add_linear(name + part, shape_.width, shape_.width);
    }
    add_norm(name + ".attention.output.LayerNorm");
    add_linear(name + ".intermediate.dense", shape_.inner, shape_.width);
    add_linear(name + ".output.dense", shape_.width, shape_.inner);
    add_norm(name + ".output.LayerNorm");
  }
  void add_interaction() {
    config["restart_positions"] = true;
    config["score_space"] = "logit";
    add_linear("interaction.token_weight", 1, shape_.width);
    add_linear("interaction.head", 1, shape_.width);
    add("interaction.mix", {2}, 5, 1);
    add("interaction.attention_bias", {3, shape_.heads}, -1, 1);
    for (std::size_t head = 0; head < shape_.heads; ++head) {
      tensors["interaction.attention_bias"].values[head] = -std::numeric_limits<float>::infinity();
    }
  }

  Shape shape_;
  std::mt19937 random_{20};
};

/// Pairs of two segments, `least` to `most` tokens long.
inline std::vector<tamis::EncodedPair> random_pairs(std::size_t count, std::size_t least,
                                                    std::size_t most, std::mt19937& random) {
  const auto between = [&](std::size_t low, std::size_t high) {
    return std::uniform_int_distribution<std::size_t>(low, high)(random);
  };
  std::vector<tamis::EncodedPair> pairs(count);
  for (tamis::EncodedPair& pair : pairs) {
    const std::size_t length = between(least, most);
    const std::size_t cut = between(1, length - 1);
    for (std::size_t i = 0; i < length; ++i) {
      pair.ids.push_back(static_cast<tamis::TokenId>(between(0, RandomModel::kVocabulary - 1)));
      pair.type_ids.push_back(i < cut ? 0 : 1);
    }
  }
  return pairs;
}

}  // namespace test
