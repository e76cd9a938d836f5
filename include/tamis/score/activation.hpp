// tamis/score/activation.hpp: logits -> the scores a model reports by default.
#pragma once

#include <cmath>
#include <span>
#include <string_view>

#include <tamis/error.hpp>

namespace tamis {

enum class Activation { identity, sigmoid, tanh };

/// `name`: "identity", "sigmoid" or "tanh". Throws InvalidArgument.
[[nodiscard]] inline Activation activation_from_name(std::string_view name) {
  if (name == "identity") return Activation::identity;
  if (name == "sigmoid") return Activation::sigmoid;
  if (name == "tanh") return Activation::tanh;
  raise<InvalidArgument>("unknown activation '{}'; use identity, sigmoid or tanh", name);
}

/// 1 / (1 + exp(-x)), rounded once, so that a greater logit never has a smaller score.
[[nodiscard]] inline float sigmoid(float x) noexcept {
  return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(x))));
}

/// In place, elementwise.
inline void apply_activation(Activation activation, std::span<float> scores) noexcept {
  switch (activation) {
    case Activation::identity:
      return;
    case Activation::sigmoid:
      for (float& score : scores) score = sigmoid(score);
      return;
    case Activation::tanh:
      for (float& score : scores) score = std::tanh(score);
      return;
  }
}

}  // namespace tamis
