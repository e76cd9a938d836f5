// tamis/model/bundle.hpp: what a model folder says of itself: a Hugging Face folder or a bundle.
//
// A bundle is a folder with tamis.json; docs/bundle.md describes it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tamis/model/encoder_config.hpp>
#include <tamis/model/weight_file.hpp>

namespace tamis {

/// The newest bundle format that this version reads.
inline constexpr std::size_t kBundleFormat = 1;

struct ModelSpec {
  std::filesystem::path folder;
  std::filesystem::path tokenizer_folder;
  bool is_bundle = false;
  std::string architecture;              ///< "bert", "xlm-roberta" ...
  std::string config_json;               ///< text of the model's config.json
  std::optional<EncoderConfig> encoder;  ///< nothing when the engine does not know the architecture
  std::size_t labels = 1;
  std::size_t max_length = 0;               ///< tokens the model reads, special ones included
  std::string activation = "sigmoid";       ///< "sigmoid", "identity" or "tanh"
  std::string score_space = "probability";  ///< what that gives; or "logit" or "custom" (tanh)
  bool calibrated = false;  ///< the sigmoid of a logit is a probability that was checked on data
  std::map<std::string, std::string> prompts;
  std::optional<std::string> default_prompt;
  /// Of the TorchScript program: "packed" or "padded"; "none": there is none, the engine alone runs
  /// the model.
  std::string convention;
  std::vector<std::string> inputs;              ///< of the padded program, in order
  std::map<std::string, TensorRecord> tensors;  ///< of the TorchScript archive
  /// By precision, as recorded at export: Kendall's tau between the rankings of the reference lists
  /// at that precision and at fp32.
  std::map<std::string, double> ranking_parity;
};

/// `path`: a folder with tamis.json or config.json. With `verify_hashes` every file of a bundle is
/// hashed before anything else is read. Throws ModelError.
[[nodiscard]] ModelSpec load_model_spec(const std::filesystem::path& path,
                                        bool verify_hashes = true);

/// The weights that the spec names: safetensors, also of a bundle without a program, or the records
/// of the bundle's model.pt.
[[nodiscard]] WeightFile open_weights(const ModelSpec& spec);

}  // namespace tamis
