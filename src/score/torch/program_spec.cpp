// score/torch/program_spec.cpp: the part of tamis.json that concerns the TorchScript program.
#include "score/torch/program_spec.hpp"

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>

namespace tamis {
namespace {

/// A number of config.json, or `otherwise` where it has none.
template <typename T>
T config_number(const nlohmann::json& config, const char* key, T otherwise) {
  const auto found = config.find(key);
  return found != config.end() && found->is_number_integer() ? found->get<T>() : otherwise;
}

}  // namespace

ProgramSpec read_program_spec(const std::filesystem::path& bundle, bool verify_hashes) {
  const ModelSpec model = load_model_spec(bundle, verify_hashes);
  if (!model.is_bundle) {
    raise<ModelError>("{} is no bundle; TorchScript runs what `tamis export {} DEST` writes",
                      bundle.string(), bundle.string());
  }
  const std::string manifest = (bundle / "tamis.json").string();
  ProgramSpec spec;
  if (model.convention == "padded") {
    spec.convention = Convention::padded;
  } else if (model.convention != "packed") {
    raise<ModelError>("{}: its convention is \"{}\": there is no program for TorchScript", manifest,
                      model.convention);
  }
  spec.inputs = model.inputs;
  for (const std::string& input : spec.inputs) {
    if (spec.convention == Convention::padded && input != "input_ids" &&
        input != "attention_mask" && input != "token_type_ids") {
      raise<ModelError>(
          "{}: unknown input \"{}\", expected input_ids, attention_mask or token_type_ids",
          manifest, input);
    }
  }
  if (model.labels == 0) raise<ModelError>("{}: \"labels\" is 0", manifest);
  spec.labels = model.labels;
  spec.max_length = model.max_length;
  const auto config = nlohmann::json::parse(model.config_json, nullptr, /*allow_exceptions=*/false);
  spec.pad_id = config_number<TokenId>(config, "pad_token_id", 0);
  spec.vocab_size = config_number<std::size_t>(config, "vocab_size", 0);
  spec.program = bundle / "model.pt";
  return spec;
}

}  // namespace tamis
