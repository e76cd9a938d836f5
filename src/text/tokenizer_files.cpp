// text/tokenizer_files.cpp
#include "text/tokenizer_files.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include <tamis/text/tokenizer.hpp>

namespace tamis {
namespace {

using nlohmann::json;

// No id of a real vocabulary comes near.
constexpr TokenId kLargestId = 1 << 26;

constexpr const char* kExtra = "extra_special_tokens";
constexpr const char* kOlderExtra = "additional_special_tokens";

constexpr std::array kRoles{"bos_token", "eos_token", "unk_token", "sep_token",
                            "pad_token", "cls_token", "mask_token"};

json read_object(const std::filesystem::path& path) {
  if (!is_there<TokenizerError>(path)) return json::object();
  return parse_object<TokenizerError>(read_file<TokenizerError>(path), path.string());
}

AddedToken read_added_token(const json& object, TokenId id, std::string_view source) {
  if (!object.is_object()) raise<TokenizerError>("{}: an added token is no object", source);
  if (id < 0 || id > kLargestId) raise<TokenizerError>("{}: an added token has id {}", source, id);
  return {.content = json_or<std::string>(object, "content", "", source),
          .id = id,
          .single_word = json_or(object, "single_word", false, source),
          .strip_left = json_or(object, "lstrip", false, source),
          .strip_right = json_or(object, "rstrip", false, source),
          .normalized =
              json_or(object, "normalized", !json_or(object, "special", false, source), source)};
}

void replace_or_add(std::vector<AddedToken>& tokens, AddedToken token) {
  if (token.content.empty()) return;
  const auto same = std::find_if(tokens.begin(), tokens.end(), [&](const AddedToken& other) {
    return other.content == token.content;
  });
  if (same == tokens.end()) {
    tokens.push_back(std::move(token));
  } else {
    *same = std::move(token);
  }
}

TokenId parse_id(const std::string& text, std::string_view source) {
  TokenId id = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    raise<TokenizerError>("{}: '{}' in added_tokens_decoder is no token id", source, text);
  }
  return id;
}

bool holds(const std::vector<AddedToken>& tokens, std::string_view content) {
  return std::any_of(tokens.begin(), tokens.end(),
                     [&](const AddedToken& token) { return token.content == content; });
}

/// Special tokens without a role: a list, or names and tokens.
std::vector<AddedToken> extra_special_tokens(const TokenizerFiles& files, const char* key) {
  const std::string source = files.name("tokenizer_config.json");
  std::vector<AddedToken> tokens;
  const auto found = files.config.find(key);
  if (found == files.config.end() || !found->is_structured()) return tokens;
  for (const json& item : *found) {
    AddedToken token;
    if (item.is_string()) {
      token.content = item.get<std::string>();
    } else {
      token = read_added_token(item, 0, source);
      token.normalized = json_or(item, "normalized", false, source);
    }
    tokens.push_back(std::move(token));
  }
  return tokens;
}

/// Of roles that the model has beside the usual ones ("image_token").
std::vector<AddedToken> model_tokens(const TokenizerFiles& files) {
  std::vector<AddedToken> tokens;
  for (const auto& [key, value] : files.config.items()) {
    const bool usual = std::find(kRoles.begin(), kRoles.end(), key) != kRoles.end();
    if (usual || !key.ends_with("_token") || !value.is_string()) continue;
    tokens.push_back({.content = value.get<std::string>(), .normalized = false});
  }
  return tokens;
}

/// added_tokens.json, of folders from before transformers 4.34.
std::vector<AddedToken> older_added_tokens(const TokenizerFiles& files, const FindId& find,
                                           const std::vector<AddedToken>& extra) {
  std::vector<AddedToken> tokens;
  for (const auto& [content, written] : files.added.items()) {
    const auto id = json_as<TokenId>(written);
    if (!id || *id < 0 || *id > kLargestId) {
      raise<TokenizerError>("{}: '{}' has id {}", files.name("added_tokens.json"), content,
                            written.dump());
    }
    const auto has_role = [&, &named = content](const char* key) {
      return special_token(files, key, "") == named;
    };
    const bool special =
        holds(extra, content) || std::any_of(kRoles.begin(), kRoles.end(), has_role);
    // The vocabulary decides on the id of a token that it has.
    tokens.push_back(
        {.content = content, .id = find(content).value_or(*id), .normalized = !special});
  }
  return tokens;
}

}  // namespace

TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    raise<TokenizerError>(
        "{} is no folder; give one that holds tokenizer.json, vocab.txt or a "
        "sentencepiece model",
        folder.string());
  }
  TokenizerFiles files{folder, read_object(folder / "tokenizer.json"),
                       read_object(folder / "tokenizer_config.json"),
                       read_object(folder / "config.json"), json::object()};
  const std::string config_name = files.name("tokenizer_config.json");
  if (json_or(files.config, "split_special_tokens", false, config_name)) {
    raise<TokenizerError>("{}: split_special_tokens is not supported; set it to false",
                          config_name);
  }
  // The older name of the same list; what has it from here on is special_tokens_map.json's.
  if (files.config.contains(kOlderExtra) && !files.config.contains(kExtra)) {
    files.config[kExtra] = std::exchange(files.config[kOlderExtra], nullptr);
  }
  // Newer folders say it all in tokenizer_config.json; transformers does not read these then.
  if (!files.config.contains("added_tokens_decoder")) {
    files.config.update(read_object(folder / "special_tokens_map.json"));
    files.added = read_object(folder / "added_tokens.json");
  }
  // The classes over sentencepiece models take no list from that map.
  if (files.tokenizer.empty() && !is_there<TokenizerError>(folder / "vocab.txt") &&
      !is_there<TokenizerError>(folder / "vocab.json")) {
    files.config.erase(kOlderExtra);
  }
  return files;
}

const json& json_part(const json& object, const char* name, std::string_view source) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_structured()) {
    raise<TokenizerError>(
        "{}: field '{}' is missing or no object; tokenizers without one are not supported", source,
        name);
  }
  return *found;
}

std::string special_token(const TokenizerFiles& files, const char* key, std::string fallback) {
  const auto found = files.config.find(key);
  if (found == files.config.end()) return fallback;
  if (found->is_null()) return "";
  if (found->is_string()) return found->get<std::string>();
  const std::string source = files.name("tokenizer_config.json");
  if (found->is_object()) return json_or(*found, "content", std::move(fallback), source);
  raise<TokenizerError>("{}: field '{}' is {}, which is no token", source, key, shown(*found));
}

AddedToken special_added_token(const TokenizerFiles& files, const char* key, AddedToken fallback) {
  const auto found = files.config.find(key);
  if (found == files.config.end() || !found->is_object()) {
    fallback.content = special_token(files, key, std::move(fallback.content));
    return fallback;
  }
  AddedToken token = read_added_token(*found, 0, files.name("tokenizer_config.json"));
  token.normalized = json_or(*found, "normalized", false, files.name("tokenizer_config.json"));
  if (token.content.empty()) token.content = std::move(fallback.content);
  return token;
}

std::size_t model_max_length(const TokenizerFiles& files) {
  constexpr double kAbsurd = 1e9;
  const auto length =
      json_or(files.config, "model_max_length", kAbsurd, files.name("tokenizer_config.json"));
  if (length >= kAbsurd) return kNoLimit;
  if (!(length >= 1)) {
    raise<TokenizerError>("{}: model_max_length is {}, expected at least 1",
                          files.name("tokenizer_config.json"), length);
  }
  return static_cast<std::size_t>(length);
}

std::vector<AddedToken> read_added_tokens(const TokenizerFiles& files,
                                          const std::vector<AddedToken>& special,
                                          const FindId& find, std::size_t vocab_size) {
  const std::vector<AddedToken> extra = extra_special_tokens(files, kExtra);
  const std::vector<AddedToken> older_extra = extra_special_tokens(files, kOlderExtra);
  std::vector<AddedToken> tokens = older_added_tokens(files, find, extra);
  const std::string json_name = files.name("tokenizer.json");
  if (const auto list = files.tokenizer.find("added_tokens"); list != files.tokenizer.end()) {
    for (const json& item : *list) {
      if (!item.is_object()) raise<TokenizerError>("{}: an added token is no object", json_name);
      AddedToken token =
          read_added_token(item, json_or<TokenId>(item, "id", -1, json_name), json_name);
      // The vocabulary decides on the id of a token that it has.
      token.id = find(token.content).value_or(token.id);
      replace_or_add(tokens, std::move(token));
    }
  }
  const std::string config_name = files.name("tokenizer_config.json");
  if (const auto map = files.config.find("added_tokens_decoder"); map != files.config.end()) {
    for (const auto& [id, item] : map->items()) {
      AddedToken token = read_added_token(item, parse_id(id, config_name), config_name);
      // The vocabulary decides on the id of a token that it has.
      token.id = find(token.content).value_or(token.id);
      replace_or_add(tokens, std::move(token));
    }
  }
  auto next_id = static_cast<TokenId>(vocab_size);
  for (const AddedToken& token : tokens) next_id = std::max(next_id, token.id + 1);
  const std::vector<AddedToken> of_model = model_tokens(files);
  for (const auto* more : {&special, &of_model, &extra, &older_extra}) {
    for (AddedToken token : *more) {
      if (token.content.empty() || holds(tokens, token.content)) continue;
      const auto id = find(token.content);
      token.id = id ? *id : next_id++;
      tokens.push_back(std::move(token));
    }
  }
  return tokens;
}

}  // namespace tamis
