// model/bundle.cpp
#include <algorithm>
#include <utility>

#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>

#include "model/activation_rule.hpp"
#include "model/bundle_files.hpp"
#include "model/json_field.hpp"
#include "model/saved_settings.hpp"

namespace tamis {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

DType dtype_of(const json& entry, const std::string& name, const std::string& source) {
  try {
    return dtype_from_name(field_or<std::string>(entry, "dtype", "F32", source));
  } catch (const ModelError& error) {
    raise<ModelError>("{}: tensor '{}': {}", source, name, error.what());
  }
}

std::map<std::string, TensorRecord> tensor_records(const json& manifest,
                                                   const std::string& source) {
  std::map<std::string, TensorRecord> records;
  const auto tensors = manifest.find("tensors");
  if (tensors == manifest.end() || !tensors->is_object()) return records;
  for (const auto& [name, entry] : tensors->items()) {
    if (!entry.is_object()) raise<ModelError>("{}: tensor '{}' is no object", source, name);
    TensorRecord record;
    record.record = field_or<std::string>(entry, "record", "", source);
    record.dtype = dtype_of(entry, name, source);
    record.shape = field_or<std::vector<std::int64_t>>(entry, "shape", {}, source);
    records.emplace(name, std::move(record));
  }
  return records;
}

/// "parity": {"int8": {"kendall_tau": 0.998, ...}, ...}
std::map<std::string, double> ranking_parity(const json& object, const std::string& source) {
  std::map<std::string, double> found;
  const auto parity = field_or<json>(object, "parity", json::object(), source);
  if (!parity.is_object()) raise<ModelError>("{}: 'parity' is no object", source);
  for (const auto& [precision, entry] : parity.items()) {
    if (!entry.is_object()) raise<ModelError>("{}: parity of '{}' is no object", source, precision);
    const auto tau = entry.find("kendall_tau");
    if (tau != entry.end() && tau->is_number()) found.emplace(precision, tau->get<double>());
  }
  return found;
}

std::string convention_of(const json& manifest, const std::string& source) {
  auto found = field_or<std::string>(manifest, "convention", "", source);
  if (found != "packed" && found != "padded" && found != "none") {
    raise<ModelError>("{}: unknown convention '{}'; it must be packed, padded or none", source,
                      found);
  }
  return found;
}

std::string activation_of(const json& manifest, const std::string& source) {
  auto found = field_or<std::string>(manifest, "activation", "sigmoid", source);
  if (found != "identity" && found != "sigmoid" && found != "tanh") {
    raise<ModelError>(
        "{}: unknown activation '{}'; it must be identity, sigmoid or tanh: export the bundle "
        "again, or with a newer tamis",
        source, found);
  }
  return found;
}

std::string score_space(const json& manifest, std::string_view activation,
                        const std::string& source) {
  auto found = field_or<std::string>(manifest, "score_space", score_space_of(activation), source);
  if (found != "logit" && found != "probability" && found != "custom") {
    raise<ModelError>("{}: unknown score_space '{}'; it must be logit, probability or custom",
                      source, found);
  }
  return found;
}

void keep_prompts(SavedPrompts prompts, ModelSpec& spec) {
  spec.prompts = std::move(prompts.texts);
  spec.default_prompt = std::move(prompts.default_name);
}

ModelSpec read_bundle(const fs::path& folder, bool verify_hashes) {
  const std::string source = (folder / "tamis.json").string();
  const json manifest = read_json_file(folder / "tamis.json");
  const std::size_t version = required_size(manifest, "format_version", source);
  if (version > kBundleFormat) {
    raise<ModelError>("{} has format {}, this version of tamis reads up to {}; upgrade tamis",
                      source, version, kBundleFormat);
  }
  if (verify_hashes) verify_files(folder, manifest);
  ModelSpec spec;
  spec.folder = folder;
  spec.is_bundle = true;
  spec.architecture = field_or<std::string>(manifest, "architecture", "", source);
  const auto config = field_or<json>(manifest, "config", json::object(), source);
  spec.config_json = config.dump();
  spec.calibrated = field_or<bool>(config, "calibrated", false, source);
  spec.convention = convention_of(manifest, source);
  // A program of the padded convention may be anything; only our own are read by the engine.
  if (spec.convention != "padded") {
    spec.encoder = parse_encoder_config(spec.config_json, source);
  }
  spec.labels = required_size(manifest, "labels", source);
  spec.max_length = required_size(manifest, "max_length", source);
  if (spec.encoder) spec.max_length = std::min(spec.max_length, spec.encoder->max_positions());
  spec.activation = activation_of(manifest, source);
  spec.score_space = score_space(manifest, spec.activation, source);
  spec.inputs = field_or<std::vector<std::string>>(manifest, "inputs", {}, source);
  spec.tensors = tensor_records(manifest, source);
  spec.ranking_parity = ranking_parity(manifest, source);
  keep_prompts(read_prompts(manifest, "default_prompt", source), spec);
  const auto tokenizer = field_or<json>(manifest, "tokenizer", json::object(), source);
  spec.tokenizer_folder = inside(folder, field_or<std::string>(tokenizer, "folder", ".", source));
  return spec;
}

ModelSpec read_hugging_face_folder(const fs::path& folder) {
  const std::string source = (folder / "config.json").string();
  const json config = read_json_file(folder / "config.json");
  ModelSpec spec;
  spec.folder = folder;
  spec.tokenizer_folder = folder;
  spec.config_json = config.dump();
  spec.architecture = field_or<std::string>(config, "model_type", "", source);
  spec.encoder = parse_encoder_config(spec.config_json, source);
  if (!spec.encoder) {
    raise<ModelError>(
        "{}: model_type '{}' is not one that the CPU engine reads (bert, roberta, "
        "xlm-roberta, camembert, distilbert, electra); export it with 'tamis export' "
        "and load the bundle with scorer=\"torchscript\"",
        source, spec.architecture);
  }
  spec.labels = spec.encoder->labels;
  spec.max_length = spec.encoder->max_positions();
  spec.ranking_parity =
      ranking_parity(field_or<json>(config, "tamis", json::object(), source), source);
  SavedSettings saved = read_saved_settings(folder);
  spec.activation = default_activation(saved.activation_path, config, spec.labels, source);
  spec.score_space = score_space_of(spec.activation);
  spec.calibrated = field_or<bool>(config, "calibrated", false, source);
  keep_prompts(std::move(saved.prompts), spec);
  return spec;
}

}  // namespace

ModelSpec load_model_spec(const fs::path& path, bool verify_hashes) {
  if (!is_there<ModelError>(path)) raise<ModelError>("{} does not exist", path.string());
  if (!fs::is_directory(path)) {
    raise<ModelError>("{} is a file; a model is a folder with config.json or tamis.json",
                      path.string());
  }
  if (is_there<ModelError>(path / "tamis.json")) return read_bundle(path, verify_hashes);
  if (is_there<ModelError>(path / "config.json")) return read_hugging_face_folder(path);
  raise<ModelError>("{} is no model: it has neither config.json nor tamis.json", path.string());
}

WeightFile open_weights(const ModelSpec& spec) {
  if (!spec.is_bundle || spec.convention == "none") return WeightFile::open(spec.folder);
  if (spec.tensors.empty()) {
    raise<ModelError>(
        "{} lists no tensors, so the engine cannot read it; use "
        "scorer=\"torchscript\"",
        (spec.folder / "tamis.json").string());
  }
  return WeightFile::open_torchscript(spec.folder / "model.pt", spec.tensors);
}

}  // namespace tamis
