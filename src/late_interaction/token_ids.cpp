// late_interaction/token_ids.cpp
#include "late_interaction/token_ids.hpp"

#include <fstream>

#include "model/json_field.hpp"

namespace tamis {
namespace {

using nlohmann::json;
using Ids = std::unordered_map<std::string, TokenId>;

/// {"model": {"vocab": {token: id} or [[token, score]]}, "added_tokens": [{"content", "id"}]}
void read_tokenizer_json(const json& file, const std::string& source, Ids& ids) {
  const auto model = field_or<json>(file, "model", json::object(), source);
  const auto vocab = model.is_object() ? field_or<json>(model, "vocab", json(), source) : json();
  if (vocab.is_object()) {
    for (const auto& [token, id] : vocab.items()) {
      if (id.is_number_integer()) ids[token] = id.get<TokenId>();
    }
  } else if (vocab.is_array()) {
    TokenId id = 0;
    for (const json& piece : vocab) {
      if (piece.is_array() && !piece.empty() && piece[0].is_string()) {
        ids.emplace(piece[0].get<std::string>(), id);
      }
      ++id;
    }
  }
  for (const json& added : field_or<json>(file, "added_tokens", json::array(), source)) {
    if (!added.is_object()) continue;
    const auto id = field_or<TokenId>(added, "id", -1, source);
    if (id >= 0) ids[field_or<std::string>(added, "content", "", source)] = id;
  }
}

void read_vocab_txt(const std::filesystem::path& path, Ids& ids) {
  std::ifstream file(path);
  std::string line;
  for (TokenId id = 0; std::getline(file, line); ++id) {
    if (line.ends_with('\r')) line.pop_back();
    ids.emplace(line, id);
  }
}

}  // namespace

TokenIds::TokenIds(const std::filesystem::path& folder) : folder_(folder) {
  const std::filesystem::path path = folder / "tokenizer.json";
  if (is_there<ModelError>(path)) {
    read_tokenizer_json(read_json_file(path), path.string(), ids_);
  } else {
    read_vocab_txt(folder / "vocab.txt", ids_);
  }
}

std::optional<TokenId> TokenIds::find(const std::string& token) const {
  const auto found = ids_.find(token);
  if (found == ids_.end()) return std::nullopt;
  return found->second;
}

std::optional<TokenId> TokenIds::role(const std::string& name, const std::string& usual) const {
  for (const char* file : {"tokenizer_config.json", "special_tokens_map.json"}) {
    const std::filesystem::path path = folder_ / file;
    if (!is_there<ModelError>(path)) continue;
    const json settings = read_json_file(path);
    const auto named = settings.find(name);
    if (named == settings.end()) continue;
    if (named->is_string()) return find(named->get<std::string>());
    if (named->is_object()) {
      return find(field_or<std::string>(*named, "content", "", path.string()));
    }
  }
  return find(usual);
}

}  // namespace tamis
