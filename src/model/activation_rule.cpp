// model/activation_rule.cpp
#include "model/activation_rule.hpp"

#include <optional>

#include "model/json_field.hpp"

namespace tamis {
namespace {

/// "torch.nn.modules.linear.Identity" -> "identity"; nothing for another class.
std::optional<std::string> known_name(const std::string& path) {
  if (path.rfind("torch.", 0) != 0) return std::nullopt;
  const std::string name = path.substr(path.rfind('.') + 1);
  if (name == "Identity") return "identity";
  if (name == "Sigmoid" || name == "sigmoid") return "sigmoid";
  if (name == "Tanh" || name == "tanh") return "tanh";
  return std::nullopt;
}

}  // namespace

std::string default_activation(const std::string& saved_path, const nlohmann::json& config,
                               std::size_t labels, std::string_view source) {
  if (field_or<std::string>(config, "score_space", "", source) == "logit") return "identity";
  if (const auto saved = known_name(saved_path)) return *saved;
  const std::string fallback = labels == 1 ? "sigmoid" : "identity";
  const auto newer = config.find("sentence_transformers");
  if (newer != config.end() && newer->is_object()) {
    const auto path = field_or<std::string>(*newer, "activation_fn", "", source);
    if (!path.empty()) return known_name(path).value_or(fallback);
  }
  const auto older =
      field_or<std::string>(config, "sbert_ce_default_activation_function", "", source);
  return known_name(older).value_or(fallback);
}

std::string score_space_of(std::string_view activation) {
  if (activation == "sigmoid") return "probability";
  return activation == "identity" ? "logit" : "custom";
}

}  // namespace tamis
