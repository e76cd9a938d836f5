// model/activation_rule.hpp: which activation a checkpoint asks for, as sentence-transformers reads
// it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace tamis {

/// `saved_path` (of config_sentence_transformers.json; may be empty), else the config's
/// `sentence_transformers.activation_fn`, else the older `sbert_ce_default_activation_function`,
/// else sigmoid for one label and identity otherwise (sentence-transformers 6.2,
/// cross_encoder/model.py). `score_space: "logit"` means identity. A class that is none of torch's
/// identity, sigmoid and tanh counts as not stated; Python, which can call any, looks at the files
/// itself.
[[nodiscard]] std::string default_activation(const std::string& saved_path,
                                             const nlohmann::json& config, std::size_t labels,
                                             std::string_view source);

/// "probability" for sigmoid, "logit" for identity, "custom" otherwise.
[[nodiscard]] std::string score_space_of(std::string_view activation);

}  // namespace tamis
