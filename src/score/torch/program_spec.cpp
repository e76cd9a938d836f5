// score/torch/program_spec.cpp: the part of tamis.json that concerns the TorchScript program.
#include "score/torch/program_spec.hpp"

#include <fstream>
#include <nlohmann/json.hpp>
#include <string_view>

#include <tamis/error.hpp>

namespace tamis {
namespace {

constexpr int kNewestFormat = 1;

nlohmann::json read_manifest(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) {
    raise<ModelError>("{} is missing; a bundle is made by `tamis export SOURCE DEST`",
                      path.string());
  }
  nlohmann::json manifest = nlohmann::json::parse(file, nullptr, /*allow_exceptions=*/false);
  if (!manifest.is_object()) raise<ModelError>("{} is not a JSON object", path.string());
  return manifest;
}

}  // namespace

ProgramSpec read_program_spec(const std::filesystem::path& bundle, bool /*verify_hashes*/) {
  const std::filesystem::path path = bundle / "tamis.json";
  const nlohmann::json manifest = read_manifest(path);
  ProgramSpec spec;
  try {
    const int format = manifest.at("format_version").get<int>();
    if (format > kNewestFormat) {
      raise<ModelError>("{} has format version {}, this library reads up to {}; update tamis",
                        path.string(), format, kNewestFormat);
    }
    const auto convention = manifest.at("convention").get<std::string>();
    if (convention != "packed" && convention != "padded") {
      raise<ModelError>("{}: unknown convention \"{}\", expected \"packed\" or \"padded\"",
                        path.string(), convention);
    }
    spec.convention = convention == "packed" ? Convention::packed : Convention::padded;
    spec.inputs = manifest.at("inputs").get<std::vector<std::string>>();
    spec.labels = manifest.at("labels").get<std::size_t>();
    if (!manifest.at("max_length").is_null()) {
      spec.max_length = manifest.at("max_length").get<std::size_t>();
    }
    const nlohmann::json& config = manifest.at("config");
    if (const auto pad = config.find("pad_token_id"); pad != config.end() && !pad->is_null()) {
      spec.pad_id = pad->get<TokenId>();
    }
    if (const auto vocab = config.find("vocab_size"); vocab != config.end() && !vocab->is_null()) {
      spec.vocab_size = vocab->get<std::size_t>();
    }
  } catch (const nlohmann::json::exception& error) {
    raise<ModelError>("{}: {}", path.string(), error.what());
  }
  if (spec.labels == 0) raise<ModelError>("{}: \"labels\" is 0", path.string());
  for (const std::string& input : spec.inputs) {
    if (spec.convention == Convention::padded && input != "input_ids" &&
        input != "attention_mask" && input != "token_type_ids") {
      raise<ModelError>(
          "{}: unknown input \"{}\", expected input_ids, attention_mask or token_type_ids",
          path.string(), input);
    }
  }
  spec.program = bundle / "model.pt";
  return spec;
}

}  // namespace tamis
