// text/bpe_files.hpp: a BPE model from tokenizer.json or from vocab.json and merges.txt.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/bpe.hpp"
#include "text/tokenizer_files.hpp"

namespace tamis {

/// {"piece": id, ...} by id; ids that no piece has are empty. Throws TokenizerError.
[[nodiscard]] std::vector<std::string> read_id_map(const nlohmann::json& map,
                                                   std::string_view source);

/// tokenizer.json's `model`. Throws TokenizerError for what no known BPE does.
[[nodiscard]] BpeOptions read_bpe_options(const nlohmann::json& model, const std::string& source);

/// merges.txt: "left right" on each line, after a line "#version: ...".
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_merges_file(
    std::string_view text, const std::string& source);

}  // namespace tamis
