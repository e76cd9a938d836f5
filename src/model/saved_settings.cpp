// model/saved_settings.cpp
#include "model/saved_settings.hpp"

#include "model/json_field.hpp"

namespace tamis {

using nlohmann::json;

SavedPrompts read_prompts(const json& object, const char* default_key, std::string_view source) {
  SavedPrompts prompts;
  const auto texts = field_or<json>(object, "prompts", json::object(), source);
  if (!texts.is_object()) raise<ModelError>("{}: field 'prompts' is no object", source);
  for (const auto& [name, text] : texts.items()) {
    prompts.texts.emplace(name, field_or<std::string>(texts, name.c_str(), "", source));
  }
  const auto name = field_or<std::string>(object, default_key, "", source);
  if (!name.empty()) prompts.default_name = name;
  return prompts;
}

SavedSettings read_saved_settings(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "config_sentence_transformers.json";
  if (!is_there<ModelError>(folder / "modules.json") || !is_there<ModelError>(path)) return {};
  const std::string source = path.string();
  const json saved = read_json_file(path);
  // Older files do not say it: they are of embedding models, as sentence-transformers has it.
  if (field_or<std::string>(saved, "model_type", "", source) != "CrossEncoder") return {};
  return {read_prompts(saved, "default_prompt_name", source),
          field_or<std::string>(saved, "activation_fn", "", source)};
}

}  // namespace tamis
