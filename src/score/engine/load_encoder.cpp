// score/engine/load_encoder.cpp: tensor names of each family -> packed weights.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include <tamis/error.hpp>

#include "parallel/parallel_for.hpp"
#include "score/engine/encoder_weights.hpp"

namespace tamis::engine {
namespace {

/// What differs in name between the families.
struct Names {
  std::vector<std::string> prefixes;
  std::string layer = "encoder.layer.";
  std::string query = ".attention.self.query";
  std::string key = ".attention.self.key";
  std::string value = ".attention.self.value";
  std::string attention_output = ".attention.output.dense";
  std::string attention_norm = ".attention.output.LayerNorm";
  std::string inner = ".intermediate.dense";
  std::string outer = ".output.dense";
  std::string output_norm = ".output.LayerNorm";
};

Names names_of(EncoderFamily family) {
  Names names;
  switch (family) {
    case EncoderFamily::bert:
    case EncoderFamily::interaction:
      names.prefixes = {"bert.", ""};
      break;
    case EncoderFamily::roberta:
      names.prefixes = {"roberta.", "xlm_roberta.", "camembert.", ""};
      break;
    case EncoderFamily::electra:
      names.prefixes = {"electra.", ""};
      break;
    case EncoderFamily::distilbert:
      names.prefixes = {"distilbert.", ""};
      names.layer = "transformer.layer.";
      names.query = ".attention.q_lin";
      names.key = ".attention.k_lin";
      names.value = ".attention.v_lin";
      names.attention_output = ".attention.out_lin";
      names.attention_norm = ".sa_layer_norm";
      names.inner = ".ffn.lin1";
      names.outer = ".ffn.lin2";
      names.output_norm = ".output_layer_norm";
      break;
  }
  return names;
}

class Loader {
 public:
  Loader(const EncoderConfig& config, const WeightFile& file, const Kernels& kernels,
         const std::string& precision)
      : config_(config),
        kernels_(kernels),
        names_(names_of(config_.family)),
        reader_(file, names_.prefixes),
        product_(kernels.layer_product(precision, are_int8())),
        attention_(kernels.attention_product(product_)) {}

  EncoderWeights load(Head kind) const {
    // Before anything large is read: a bare encoder must not look like a reranker.
    HeadWeights head = kind == Head::required ? load_head() : HeadWeights{};
    EncoderWeights weights{config_,           &kernels_, &attention_,    reader_.file(),
                           load_embeddings(), {},        std::move(head)};
    check_layers();
    weights.layers.resize(config_.layers);
    const bool first_tokens = weights.reads_first_token();
    // Layer after layer in one piece; the last one may differ in size.
    const std::size_t bytes = layer_bytes(false);
    const Panels panels((config_.layers - 1) * bytes + layer_bytes(first_tokens));
    parallel_for(config_.layers, [&](std::size_t i) {
      const bool last = i + 1 == config_.layers;
      weights.layers[i] = load_layer(i, last && first_tokens, panels.from(i * bytes));
    });
    return weights;
  }

 private:
  [[nodiscard]] std::string layer_name(std::size_t index) const {
    return names_.layer + std::to_string(index);
  }

  /// Whether all that the layers multiply by is.
  [[nodiscard]] bool are_int8() const {
    for (std::size_t i = 0; i < config_.layers; ++i) {
      for (const std::string* part : {&names_.query, &names_.key, &names_.value,
                                      &names_.attention_output, &names_.inner, &names_.outer}) {
        if (!reader_.is_int8(layer_name(i) + *part + ".weight")) return false;
      }
    }
    return true;
  }

  /// Before memory is asked for: as many and as wide as config.json says.
  void check_layers() const {
    for (std::size_t i = 0; i < config_.layers; ++i) {
      (void)reader_.view(layer_name(i) + names_.inner + ".weight",
                         {config_.intermediate_size, config_.hidden_size});
    }
  }

  [[nodiscard]] std::size_t head_size() const { return config_.hidden_size / config_.heads; }

  /// All that load_layer packs.
  [[nodiscard]] std::size_t layer_bytes(bool first_token) const {
    const std::size_t width = config_.hidden_size;
    const std::size_t inner = config_.intermediate_size;
    const std::size_t key_value =
        first_token ? config_.heads * (packed_bytes(attention_, width, head_size()) +
                                       packed_bytes(attention_, head_size(), width))
                    : packed_bytes(product_, 2 * width, width);
    return 2 * packed_bytes(product_, width, width) + key_value +
           packed_bytes(product_, inner, width) + packed_bytes(product_, width, inner);
  }

  /// Packed where `room` begins, which then begins behind it.
  [[nodiscard]] static Linear packed(const Product& product, const MatrixView& weight,
                                     std::span<const float> bias, Panels& room) {
    Panels rest = room.from(packed_bytes(product, weight.outputs, weight.inputs));
    return make_linear(product, weight, bias, std::exchange(room, std::move(rest)));
  }

  /// A linear layer [outputs, inputs].
  struct Dense {
    std::vector<float> weight;
    std::vector<float> scales;  ///< [outputs] of a weight that is stored as int8, else empty
    std::vector<float> bias;
  };
  [[nodiscard]] Dense dense(const std::string& name, std::size_t outputs,
                            std::size_t inputs) const {
    return {reader_.floats(name + ".weight", {outputs, inputs}),
            reader_.scales(name + ".weight", {outputs, inputs}),
            reader_.floats(name + ".bias", {outputs})};
  }

  [[nodiscard]] Linear packed(const Dense& from, std::size_t outputs, std::size_t inputs,
                              Panels& room) const {
    MatrixView weight = row_major(from.weight, outputs, inputs);
    if (from.scales.size() == outputs) weight.scales = from.scales.data();
    return packed(product_, weight, from.bias, room);
  }

  [[nodiscard]] Linear linear(const std::string& name, std::size_t outputs, std::size_t inputs,
                              Panels& room) const {
    return packed(dense(name, outputs, inputs), outputs, inputs, room);
  }

  /// In fp32 and memory of its own: what stands before or behind the layers.
  [[nodiscard]] Linear exact(const std::string& name, std::size_t outputs,
                             std::size_t inputs) const {
    const auto weight = reader_.floats(name + ".weight", {outputs, inputs});
    const auto bias = reader_.floats(name + ".bias", {outputs});
    return make_linear(kernels_.fp32, weight, bias, outputs, inputs);
  }

  [[nodiscard]] Norm norm(const std::string& name, std::size_t width) const {
    return {reader_.floats(name + ".weight", {width}), reader_.floats(name + ".bias", {width})};
  }

  /// Divided by sqrt(head size), and by ln 2: attention's softmax has base 2.
  [[nodiscard]] Linear query(const std::string& name, Panels& room) const {
    const std::size_t width = config_.hidden_size;
    const std::size_t head = width / config_.heads;
    const float scale = std::numbers::log2e_v<float> / std::sqrt(static_cast<float>(head));
    Dense own = dense(name, width, width);
    for (auto* values : {&own.weight, &own.scales, &own.bias}) {
      for (float& value : *values) value *= scale;
    }
    return packed(own, width, width, room);
  }

  [[nodiscard]] Linear key_value(const std::string& key, const std::string& value,
                                 Panels& room) const {
    const std::size_t width = config_.hidden_size;
    Dense both = dense(key, width, width);
    const Dense values = dense(value, width, width);
    both.weight.insert(both.weight.end(), values.weight.begin(), values.weight.end());
    both.scales.insert(both.scales.end(), values.scales.begin(), values.scales.end());
    both.bias.insert(both.bias.end(), values.bias.begin(), values.bias.end());
    return packed(both, 2 * width, width, room);
  }

  /// As `key_value`, for FirstTokenWeights: in the precision of attention, as what they replace.
  [[nodiscard]] FirstTokenWeights by_heads(const std::string& key, const std::string& value,
                                           Panels& room) const {
    const std::size_t width = config_.hidden_size;
    const std::size_t size = head_size();
    const std::vector<float> keys = reader_.floats(key + ".weight", {width, width});
    (void)reader_.floats(key + ".bias", {width});  // softmax does not see it
    const std::vector<float> values = reader_.floats(value + ".weight", {width, width});
    const std::vector<float> shift = reader_.floats(value + ".bias", {width});
    FirstTokenWeights weights;
    for (std::size_t at = 0; at < width; at += size) {
      weights.keys.push_back(
          packed(attention_, {keys.data() + at * width, width, size, 1, width}, {}, room));
    }
    for (std::size_t at = 0; at < width; at += size) {
      weights.values.push_back(packed(attention_,
                                      {values.data() + at * width, size, width, width, 1},
                                      std::span(shift).subspan(at, size), room));
    }
    return weights;
  }

  [[nodiscard]] LayerWeights load_layer(std::size_t index, bool first_token, Panels room) const {
    const std::string layer = layer_name(index);
    const std::string key = layer + names_.key;
    const std::string value = layer + names_.value;
    const std::size_t width = config_.hidden_size;
    LayerWeights weights{query(layer + names_.query, room),
                         first_token ? Linear{} : key_value(key, value, room),
                         first_token ? by_heads(key, value, room) : FirstTokenWeights{},
                         linear(layer + names_.attention_output, width, width, room),
                         norm(layer + names_.attention_norm, width),
                         linear(layer + names_.inner, config_.intermediate_size, width, room),
                         linear(layer + names_.outer, width, config_.intermediate_size, room),
                         norm(layer + names_.output_norm, width),
                         {}};
    if (config_.family == EncoderFamily::interaction) weights.segment_bias = segment_bias(index);
    return weights;
  }

  [[nodiscard]] std::vector<float> segment_bias(std::size_t layer) const {
    const std::string name = "interaction.attention_bias";
    const auto all = reader_.floats(name, {config_.layers, config_.heads}, /*finite=*/false);
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(layer * config_.heads);
    std::vector<float> own(begin, begin + static_cast<std::ptrdiff_t>(config_.heads));
    // Minus infinity is a value here: it closes the segments of this layer to each other.
    constexpr float kMost = std::numeric_limits<float>::max();
    if (layer < config_.closed_layers) {
      std::fill(own.begin(), own.end(), -std::numeric_limits<float>::infinity());
    }
    if (std::any_of(own.begin(), own.end(), [](float bias) { return !(bias <= kMost); })) {
      reader_.not_finite(name);
    }
    for (float& bias : own) bias *= std::numbers::log2e_v<float>;
    return own;
  }

  [[nodiscard]] EmbeddingWeights load_embeddings() const {
    const std::size_t width = config_.embedding_size;
    EmbeddingWeights weights;
    weights.words = reader_.table("embeddings.word_embeddings.weight", {config_.vocab_size, width});
    weights.positions =
        reader_.floats("embeddings.position_embeddings.weight", {config_.position_table, width});
    if (config_.type_vocab_size != 0) {
      weights.segments = reader_.floats("embeddings.token_type_embeddings.weight",
                                        {config_.type_vocab_size, width});
    }
    weights.norm = norm("embeddings.LayerNorm", width);
    if (width != config_.hidden_size) {
      weights.projection = exact("embeddings_project", config_.hidden_size, width);
    }
    return weights;
  }

  [[nodiscard]] HeadWeights load_head() const {
    const std::size_t width = config_.hidden_size;
    switch (config_.family) {
      case EncoderFamily::bert:
        return two_layers("pooler.dense", "classifier");
      case EncoderFamily::distilbert:
        return two_layers("pre_classifier", "classifier");
      case EncoderFamily::roberta:
      case EncoderFamily::electra:
        return two_layers("classifier.dense", "classifier.out_proj");
      case EncoderFamily::interaction:
        break;
    }
    reader_.require({"interaction.mix", "interaction.token_weight.weight",
                     "interaction.head.weight", "interaction.attention_bias"},
                    "readout");
    HeadWeights head;
    head.classifier = exact("interaction.head", 1, width);
    head.token_weight = reader_.floats("interaction.token_weight.weight", {1, width});
    head.token_bias = reader_.floats("interaction.token_weight.bias", {1}).front();
    const auto mix = reader_.floats("interaction.mix", {2});
    head.maxsim_mix = mix[0];
    head.cosine_mix = mix[1];
    return head;
  }

  [[nodiscard]] HeadWeights two_layers(const std::string& dense,
                                       const std::string& classifier) const {
    reader_.require(
        {dense + ".weight", dense + ".bias", classifier + ".weight", classifier + ".bias"},
        "classification head");
    HeadWeights head;
    head.dense = exact(dense, config_.hidden_size, config_.hidden_size);
    head.classifier = exact(classifier, config_.labels, config_.hidden_size);
    return head;
  }

  const EncoderConfig& config_;
  const Kernels& kernels_;
  Names names_;
  TensorReader reader_;
  const Product& product_;
  const Product& attention_;
};

}  // namespace

std::size_t EncoderWeights::closed_layers() const {
  if (config.family != EncoderFamily::interaction || !config.restart_positions) return 0;
  constexpr float kClosed = -std::numeric_limits<float>::infinity();
  const auto open = std::find_if(layers.begin(), layers.end(), [](const LayerWeights& layer) {
    return std::any_of(layer.segment_bias.begin(), layer.segment_bias.end(),
                       [](float bias) { return bias != kClosed; });
  });
  return static_cast<std::size_t>(open - layers.begin());
}

void require_known(const ModelSpec& spec) {
  if (spec.encoder) return;
  raise<ModelError>(
      "{}: the CPU engine does not know the architecture '{}'; use "
      "scorer=\"torchscript\" with a bundle",
      spec.folder.string(), spec.architecture);
}

EncoderWeights load_encoder(const ModelSpec& spec, const WeightFile& file, const Kernels& kernels,
                            const std::string& precision, Head head) {
  require_known(spec);
  return Loader(*spec.encoder, file, kernels, precision).load(head);
}

}  // namespace tamis::engine
