// late_interaction/pooling.hpp: how a model makes one vector of a text's tokens.
#pragma once

#include <filesystem>

namespace tamis {

enum class Pooling {
  mean,
  first_token,
  other,  ///< one that is not known here
};

/// As sentence-transformers saved it in 1_Pooling/config.json; the mean where there is none. Throws
/// ModelError for a file that is no JSON object.
[[nodiscard]] Pooling saved_pooling(const std::filesystem::path& folder);

}  // namespace tamis
