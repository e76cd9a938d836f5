// late_interaction/fingerprint.hpp: names the model that passages belong to.
#pragma once

#include <string>

#include <tamis/model/bundle.hpp>

namespace tamis {

/// 64 hexadecimal digits of what the vectors of a passage depend on, but for precision and
/// processor, which change their last digits only. Of each tensor a few thousand bytes are read,
/// not all: a model that was trained further differs everywhere.
[[nodiscard]] std::string fingerprint(const ModelSpec& spec, const WeightFile& weights,
                                      const std::string& passage_prefix);

}  // namespace tamis
