// late_interaction/colbert.cpp
#include "late_interaction/colbert.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "late_interaction/token_ids.hpp"
#include "model/json_field.hpp"
#include "model/sha256.hpp"
#include "score/engine/tensor_reader.hpp"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Special tokens, the marker and one of the text.
constexpr std::size_t kLeastLength = 4;
constexpr const char* kPunctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/// As the folder says, before tokens have ids.
struct Settings {
  std::string query_marker;
  std::string document_marker;
  std::size_t query_length = 32;
  std::size_t document_length = 180;
  bool expand = true;
  bool attend = false;
  std::vector<std::string> skipped;
};

std::vector<std::string> punctuation() {
  std::vector<std::string> all;
  for (const char* at = kPunctuation; *at != '\0'; ++at) all.emplace_back(1, *at);
  return all;
}

Settings pylate_settings(const fs::path& folder) {
  Settings settings{.query_marker = "[Q] ", .document_marker = "[D] ", .skipped = punctuation()};
  const fs::path path = folder / "config_sentence_transformers.json";
  if (!is_there<ModelError>(path)) return settings;
  const json saved = read_json_file(path);
  const std::string source = path.string();
  settings.query_marker = field_or(saved, "query_prefix", settings.query_marker, source);
  settings.document_marker = field_or(saved, "document_prefix", settings.document_marker, source);
  settings.query_length = field_or(saved, "query_length", settings.query_length, source);
  settings.document_length = field_or(saved, "document_length", settings.document_length, source);
  settings.expand = field_or(saved, "do_query_expansion", settings.expand, source);
  settings.attend = field_or(saved, "attend_to_expansion_tokens", settings.attend, source);
  settings.skipped = field_or(saved, "skiplist_words", settings.skipped, source);
  return settings;
}

Settings stanford_settings(const fs::path& folder) {
  Settings settings{
      .query_marker = "[unused0]", .document_marker = "[unused1]", .skipped = punctuation()};
  const fs::path path = folder / "artifact.metadata";
  if (!is_there<ModelError>(path)) return settings;
  const json saved = read_json_file(path);
  const std::string source = path.string();
  settings.query_marker = field_or(saved, "query_token_id", settings.query_marker, source);
  settings.document_marker = field_or(saved, "doc_token_id", settings.document_marker, source);
  settings.query_length = field_or(saved, "query_maxlen", settings.query_length, source);
  settings.document_length = field_or(saved, "doc_maxlen", settings.document_length, source);
  settings.attend = field_or(saved, "attend_to_mask_tokens", settings.attend, source);
  if (!field_or(saved, "mask_punctuation", true, source)) settings.skipped.clear();
  return settings;
}

/// Folders of the dense layers of a ColBERT, in order: modules.json has them and no pooling.
std::vector<fs::path> dense_folders(const fs::path& folder) {
  const fs::path path = folder / "modules.json";
  if (!is_there<ModelError>(path)) return {};
  const json modules = parse_json<ModelError>(read_file<ModelError>(path), path.string());
  if (!modules.is_array()) raise<ModelError>("{} is no JSON array", path.string());
  std::vector<fs::path> dense;
  for (const json& module : modules) {
    if (!module.is_object()) continue;
    const auto type = field_or<std::string>(module, "type", "", path.string());
    if (type.ends_with("Pooling")) return {};
    if (!type.ends_with(".Dense")) continue;
    dense.push_back(folder / field_or<std::string>(module, "path", "", path.string()));
  }
  return dense;
}

/// The next one, of the tensors `name`.weight and, if there is one, `name`.bias.
void add_projection(const WeightFile& file, const std::string& name, const std::string& source,
                    const ModelSpec& spec, Colbert& colbert) {
  const TensorView* const weight = file.find(name + ".weight");
  if (weight == nullptr || weight->shape.size() != 2) {
    raise<ModelError>("{}: tensor '{}.weight' is missing, or no matrix", source, name);
  }
  const engine::TensorReader reader(file, {""});
  const std::size_t inputs =
      colbert.projections.empty() ? spec.encoder->hidden_size : colbert.width();
  const auto outputs = static_cast<std::size_t>(weight->shape[0]);
  if (outputs == 0) raise<ModelError>("{}: tensor '{}.weight' has no rows", source, name);
  const auto values = reader.floats(name + ".weight", {outputs, inputs});
  const auto bias =
      reader.has(name + ".bias") ? reader.floats(name + ".bias", {outputs}) : std::vector<float>{};
  colbert.projections.push_back(
      engine::make_linear(engine::kernels().fp32, values, bias, outputs, inputs));
  colbert.identity += fmt::format(" {} {}", sha256(std::as_bytes(std::span(values))),
                                  sha256(std::as_bytes(std::span(bias))));
}

WeightFile dense_weights(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  const json config = read_json_file(path);
  const auto then =
      field_or<std::string>(config, "activation_function", "torch.nn.Identity", path.string());
  if (!then.ends_with("Identity") || field_or(config, "use_residual", false, path.string())) {
    raise<ModelError>(
        "{}: a dense layer with an activation ({}) or a residual is not known; only a plain "
        "projection is",
        path.string(), then);
  }
  return WeightFile::open(folder);
}

bool is_stanford(const ModelSpec& spec) {
  const auto config = parse_json_object(spec.config_json, spec.folder.string());
  const auto names =
      field_or<std::vector<std::string>>(config, "architectures", {}, spec.folder.string());
  return !names.empty() && names.front() == "HF_ColBERT";
}

std::optional<TokenId> marker(const TokenIds& ids, const std::string& text,
                              const std::string& source) {
  if (text.empty()) return std::nullopt;
  const auto found = ids.find(text);
  if (!found) {
    raise<ModelError>("{}: its tokenizer does not have the marker '{}'", source, text);
  }
  return found;
}

/// Checks what does not depend on where it came from.
Colbert checked(ColbertSettings settings, const ModelSpec& spec) {
  const std::string source = spec.folder.string();
  for (const std::size_t length : {settings.query.length, settings.document.length}) {
    if (length < kLeastLength || length > spec.max_length) {
      raise<ModelError>("{}: a length of {} tokens is not between {} and the encoder's {}", source,
                        length, kLeastLength, spec.max_length);
    }
  }
  std::sort(settings.skipped.begin(), settings.skipped.end());
  Colbert colbert{std::move(settings), {}, {}};
  colbert.identity = fmt::format("colbert {} {}", colbert.document.marker.value_or(-1),
                                 fmt::join(colbert.skipped, ","));
  return colbert;
}

ColbertSettings with_ids(const ModelSpec& spec, const Settings& settings) {
  const std::string source = spec.folder.string();
  const TokenIds ids(spec.tokenizer_folder);
  ColbertSettings colbert;
  colbert.query = {marker(ids, settings.query_marker, source), settings.query_length};
  colbert.document = {marker(ids, settings.document_marker, source), settings.document_length};
  if (settings.expand) colbert.filler = ids.role("mask_token", "[MASK]");
  if (settings.expand && !colbert.filler) {
    raise<ModelError>("{}: its tokenizer has no mask token to fill queries with", source);
  }
  colbert.attend_to_filler = settings.attend;
  const auto unknown = ids.role("unk_token", "[UNK]");  // as transformers reads a word it lacks
  for (const std::string& word : settings.skipped) {
    const auto id = ids.find(word);
    if (id || unknown) colbert.skipped.push_back(id ? *id : *unknown);
  }
  return colbert;
}

std::optional<TokenId> id_or_none(const json& object, const char* name, const ModelSpec& spec,
                                  const std::string& source) {
  const auto id = field_or<TokenId>(object, name, -1, source);
  if (id >= static_cast<TokenId>(spec.encoder->vocab_size)) {
    raise<ModelError>("{}: {} {} is no token of a vocabulary of {}", source, name, id,
                      spec.encoder->vocab_size);
  }
  return id < 0 ? std::nullopt : std::optional(id);
}

ColbertSettings::Side side_of(const json& manifest, const char* name, const ModelSpec& spec,
                              const std::string& source) {
  const auto side = field_or<json>(manifest, name, json::object(), source);
  if (!side.is_object()) raise<ModelError>("{}: '{}' is no object", source, name);
  return {id_or_none(side, "marker", spec, source), required_size(side, "length", source)};
}

/// Nothing for a bundle of another model. docs/bundle.md has the fields.
std::optional<Colbert> read_bundle(const ModelSpec& spec) {
  const fs::path path = spec.folder / "tamis.json";
  const std::string source = path.string();
  const auto manifest = field_or<json>(read_json_file(path), "colbert", json(), source);
  if (manifest.is_null()) return std::nullopt;
  if (!manifest.is_object() || !spec.encoder) {
    raise<ModelError>("{}: 'colbert' is no object, or not of a known encoder", source);
  }
  ColbertSettings settings;
  settings.query = side_of(manifest, "query", spec, source);
  settings.document = side_of(manifest, "document", spec, source);
  settings.filler = id_or_none(manifest, "filler", spec, source);
  settings.attend_to_filler = field_or(manifest, "attend_to_filler", false, source);
  settings.skipped = field_or<std::vector<TokenId>>(manifest, "skipped", {}, source);
  Colbert colbert = checked(std::move(settings), spec);
  const WeightFile weights = open_weights(spec);
  const auto names = field_or<std::vector<std::string>>(manifest, "projections", {}, source);
  if (names.empty()) raise<ModelError>("{}: 'colbert' names no projections", source);
  for (const std::string& name : names) add_projection(weights, name, source, spec, colbert);
  return colbert;
}

}  // namespace

std::optional<Colbert> read_colbert(const ModelSpec& spec) {
  if (spec.is_bundle) return read_bundle(spec);
  const fs::path& folder = spec.folder;
  const std::vector<fs::path> dense = dense_folders(folder);
  const bool stanford = dense.empty() && is_stanford(spec);
  if (!spec.encoder || (dense.empty() && !stanford)) return std::nullopt;
  const Settings settings = stanford ? stanford_settings(folder) : pylate_settings(folder);
  Colbert colbert = checked(with_ids(spec, settings), spec);
  if (stanford) add_projection(open_weights(spec), "linear", folder.string(), spec, colbert);
  for (const fs::path& layer : dense) {
    add_projection(dense_weights(layer), "linear", layer.string(), spec, colbert);
  }
  return colbert;
}

std::vector<float> project(const Colbert& colbert, std::span<const float> states) {
  std::vector<float> from(states.begin(), states.end());
  engine::Bytes prepared;
  for (const engine::Linear& layer : colbert.projections) {
    const std::size_t rows = from.size() / layer.inputs;
    std::vector<float> to(rows * layer.outputs);
    engine::apply(layer, from.data(), rows, to.data(), prepared, {});
    from = std::move(to);
  }
  return from;
}

std::vector<std::size_t> not_skipped(const Colbert& colbert, std::span<const TokenId> ids) {
  std::vector<std::size_t> kept;
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    all.push_back(i);
    if (!std::binary_search(colbert.skipped.begin(), colbert.skipped.end(), ids[i])) {
      kept.push_back(i);
    }
  }
  return kept.empty() ? all : kept;
}

}  // namespace tamis
