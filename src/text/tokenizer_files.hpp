// text/tokenizer_files.hpp: the JSON files of a tokenizer's folder, and typed reads from them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>
#include <tamis/text/added_token.hpp>
#include <tamis/text/pair_template.hpp>

#include "text/input_file.hpp"

namespace tamis {

/// Each object is empty when its file is not there.
struct TokenizerFiles {
  std::filesystem::path folder;
  nlohmann::json tokenizer;     ///< tokenizer.json
  nlohmann::json config;        ///< tokenizer_config.json, over it special_tokens_map.json
  nlohmann::json model_config;  ///< config.json
  nlohmann::json added;         ///< added_tokens.json: content -> id

  /// For messages.
  [[nodiscard]] std::string name(std::string_view file) const { return (folder / file).string(); }
};

/// Throws TokenizerError when the folder or a file cannot be read, or holds no JSON object.
[[nodiscard]] TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder);

/// The field, or `fallback` when it is absent or null. Throws TokenizerError for another type.
template <typename T>
[[nodiscard]] T json_or(const nlohmann::json& object, const char* name, T fallback,
                        std::string_view source) {
  return field_of<TokenizerError>(object, name, std::move(fallback), source);
}

/// The field as an object or array. Throws TokenizerError when it is absent or something else.
[[nodiscard]] const nlohmann::json& json_part(const nlohmann::json& object, const char* name,
                                              std::string_view source);

/// `config`'s `key` ("sep_token", ...), written as a string or as an added token; empty where it is
/// null: the tokenizer has none then, whatever its class has by default.
[[nodiscard]] std::string special_token(const TokenizerFiles& files, const char* key,
                                        std::string fallback);

/// The same with its flags, which only the latter form has; else `fallback`.
[[nodiscard]] AddedToken special_added_token(const TokenizerFiles& files, const char* key,
                                             AddedToken fallback);

/// kNoLimit when it is absent or absurd (Hugging Face writes 1e30).
[[nodiscard]] std::size_t model_max_length(const TokenizerFiles& files);

using FindId = std::function<std::optional<TokenId>(std::string_view token)>;

/// All added tokens of the files, the named special tokens (contents in `special`) and those
/// without a role among them. One that is not in the vocabulary gets the next id after
/// `vocab_size`.
[[nodiscard]] std::vector<AddedToken> read_added_tokens(const TokenizerFiles& files,
                                                        const std::vector<AddedToken>& special,
                                                        const FindId& find, std::size_t vocab_size);

}  // namespace tamis
