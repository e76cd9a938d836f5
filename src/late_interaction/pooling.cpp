// late_interaction/pooling.cpp
#include "late_interaction/pooling.hpp"

#include <string>
#include <vector>

#include "model/json_field.hpp"

namespace tamis {
namespace {

/// Names of the modes; a file holds one name, a list of names, or in older ones a flag for each.
std::vector<std::string> modes_of(const nlohmann::json& config, const std::string& source) {
  const auto named = config.find("pooling_mode");
  if (named != config.end() && named->is_array()) {
    return field_or<std::vector<std::string>>(config, "pooling_mode", {}, source);
  }
  if (named != config.end()) return {field_or<std::string>(config, "pooling_mode", "mean", source)};
  std::vector<std::string> modes;
  for (const auto& [name, value] : config.items()) {
    if (name.starts_with("pooling_mode_") && value.is_boolean() && value.get<bool>()) {
      modes.push_back(name);
    }
  }
  return modes;
}

}  // namespace

Pooling saved_pooling(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "1_Pooling" / "config.json";
  if (!is_there<ModelError>(path)) return Pooling::mean;
  const std::vector<std::string> modes = modes_of(read_json_file(path), path.string());
  if (modes.size() != 1) return Pooling::other;
  if (modes[0] == "mean" || modes[0] == "pooling_mode_mean_tokens") return Pooling::mean;
  if (modes[0] == "cls" || modes[0] == "pooling_mode_cls_token") return Pooling::first_token;
  return Pooling::other;
}

}  // namespace tamis
