// model/encoder_config.cpp
#include <map>

#include <tamis/error.hpp>
#include <tamis/model/encoder_config.hpp>

#include "model/json_field.hpp"

namespace tamis {
namespace {

using nlohmann::json;

const std::map<std::string, EncoderFamily, std::less<>> kFamilies{
    {"bert", EncoderFamily::bert},
    {"roberta", EncoderFamily::roberta},
    {"xlm-roberta", EncoderFamily::roberta},
    {"camembert", EncoderFamily::roberta},
    {"distilbert", EncoderFamily::distilbert},
    {"electra", EncoderFamily::electra},
    {"tamis_interaction", EncoderFamily::interaction},
};

const std::map<std::string, HiddenActivation, std::less<>> kActivations{
    {"gelu", HiddenActivation::gelu_erf},
    {"gelu_new", HiddenActivation::gelu_tanh},
    {"gelu_pytorch_tanh", HiddenActivation::gelu_tanh},
    {"gelu_fast", HiddenActivation::gelu_tanh},
    {"relu", HiddenActivation::relu},
    {"silu", HiddenActivation::silu},
    {"swish", HiddenActivation::silu},
};

HiddenActivation activation_of(const json& config, const char* name, std::string_view source) {
  const auto stated = field_or<std::string>(config, name, "gelu", source);
  const auto found = kActivations.find(stated);
  if (found == kActivations.end()) {
    raise<ModelError>(
        "{}: {} '{}' is not supported by the engine; export the model and use "
        "scorer=\"torchscript\"",
        source, name, stated);
  }
  return found->second;
}

std::size_t labels_of(const json& config, std::string_view source) {
  const auto names = config.find("id2label");
  if (names != config.end() && names->is_object() && !names->empty()) return names->size();
  return field_or<std::size_t>(config, "num_labels", 2, source);  // transformers' own default
}

void refuse_unsupported(const json& config, std::string_view source) {
  const auto positions =
      field_or<std::string>(config, "position_embedding_type", "absolute", source);
  if (positions != "absolute") {
    raise<ModelError>("{}: position_embedding_type '{}' is not supported; only absolute is", source,
                      positions);
  }
  if (field_or<bool>(config, "is_decoder", false, source)) {
    raise<ModelError>("{}: is_decoder is true; the engine runs encoders", source);
  }
}

// DistilBERT has names of its own for everything.
void read_distilbert(const json& config, std::string_view source, EncoderConfig& out) {
  out.hidden_size = required_size(config, "dim", source);
  out.layers = required_size(config, "n_layers", source);
  out.heads = required_size(config, "n_heads", source);
  out.intermediate_size = required_size(config, "hidden_dim", source);
  out.activation = activation_of(config, "activation", source);
}

void read_bert(const json& config, std::string_view source, EncoderConfig& out) {
  out.hidden_size = required_size(config, "hidden_size", source);
  out.layers = required_size(config, "num_hidden_layers", source);
  out.heads = required_size(config, "num_attention_heads", source);
  out.intermediate_size = required_size(config, "intermediate_size", source);
  out.activation = activation_of(config, "hidden_act", source);
  out.type_vocab_size = field_or<std::size_t>(config, "type_vocab_size", 2, source);
  out.layer_norm_eps = field_or<float>(config, "layer_norm_eps", 1e-12F, source);
}

// The readout of two segments, and what stands before their texts.
void read_interaction(const json& config, std::string_view source, EncoderConfig& out) {
  out.labels = 1;
  out.restart_positions = field_or<bool>(config, "restart_positions", false, source);
  out.closed_layers = field_or<std::size_t>(config, "closed_layers", 0, source);
  if (out.closed_layers > out.layers) {
    raise<ModelError>("{}: {} closed_layers of {} layers", source, out.closed_layers, out.layers);
  }
  out.attention_bias_by_length = field_or<bool>(config, "attention_bias_by_length", false, source);
  out.interaction_special_tokens =
      field_or<bool>(config, "interaction_special_tokens", true, source);
  const auto prefixes = field_or<json>(config, "prefixes", json::object(), source);
  if (!prefixes.is_object()) raise<ModelError>("{}: field 'prefixes' is no object", source);
  out.query_prefix = field_or<std::string>(prefixes, "query", "", source);
  out.document_prefix = field_or<std::string>(prefixes, "passage", "", source);
}

}  // namespace

std::vector<std::string> known_encoders() {
  std::vector<std::string> names;
  names.reserve(kFamilies.size());
  for (const auto& [name, family] : kFamilies) names.push_back(name);
  return names;
}

std::optional<EncoderConfig> parse_encoder_config(std::string_view text, std::string_view source) {
  const json config = parse_json_object(text, source);
  EncoderConfig out;
  out.model_type = field_or<std::string>(config, "model_type", "", source);
  const auto family = kFamilies.find(out.model_type);
  if (family == kFamilies.end()) return std::nullopt;
  out.family = family->second;
  refuse_unsupported(config, source);
  if (out.family == EncoderFamily::distilbert) {
    read_distilbert(config, source, out);
  } else {
    read_bert(config, source, out);
  }
  out.vocab_size = required_size(config, "vocab_size", source);
  out.position_table = required_size(config, "max_position_embeddings", source);
  out.embedding_size = field_or<std::size_t>(config, "embedding_size", out.hidden_size, source);
  if (out.family != EncoderFamily::electra) out.embedding_size = out.hidden_size;
  if (out.family == EncoderFamily::roberta) {
    out.position_offset = field_or<std::size_t>(config, "pad_token_id", 1, source) + 1;
  }
  if (out.family == EncoderFamily::interaction) {
    read_interaction(config, source, out);
  } else {
    out.labels = labels_of(config, source);
  }
  if (out.hidden_size % out.heads != 0) {
    raise<ModelError>("{}: {} attention heads do not divide the width {}", source, out.heads,
                      out.hidden_size);
  }
  if (out.max_positions() == 0) {
    raise<ModelError>("{}: max_position_embeddings {} leaves no position after the offset {}",
                      source, out.position_table, out.position_offset);
  }
  return out;
}

}  // namespace tamis
