// model/saved_settings.hpp: what sentence-transformers saves beside a cross-encoder's weights.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace tamis {

struct SavedPrompts {
  std::map<std::string, std::string> texts;
  std::optional<std::string> default_name;
};

struct SavedSettings {
  SavedPrompts prompts;
  std::string activation_path;  ///< "torch.nn.modules.linear.Identity"; empty: not stated
};

/// `object["prompts"]` and `object[default_key]`; a prompt that is null is empty. Throws
/// ModelError.
[[nodiscard]] SavedPrompts read_prompts(const nlohmann::json& object, const char* default_key,
                                        std::string_view source);

/// config_sentence_transformers.json, where sentence-transformers would read it: beside a
/// modules.json, and not of an embedding model, whose prompts are not for pairs. Throws ModelError.
[[nodiscard]] SavedSettings read_saved_settings(const std::filesystem::path& folder);

}  // namespace tamis
