// text/normalizer_files.hpp: tokenizer.json's normalizer.
#pragma once

#include <string>
#include <vector>

#include "text/normalizer.hpp"
#include "text/tokenizer_files.hpp"

namespace tamis {

struct NormalizerParts {
  std::vector<NormalizerStep> steps;
  std::string charsmap;
};

/// No parts where the file has no normalizer. Throws TokenizerError for a step that is not known.
[[nodiscard]] NormalizerParts read_normalizer(const TokenizerFiles& files);

}  // namespace tamis
