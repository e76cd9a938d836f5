// fp32_products.hpp: what the fp32 products of layers are called here, and the weights they take.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"

/// Of the set's fp32 products the layers' own have another name; null where they are no other ones.
inline const char* layers_of(const tamis::engine::Kernels& kernels,
                             const tamis::engine::Product* product) {
  const bool layers = product == &kernels.fp32_layers;
  const bool of_int8 = product == &kernels.fp32_of_int8;
  if (!layers && !of_int8) return "";
  if (product->reads_floats()) return nullptr;
  return layers ? "_layers" : "_of_int8";
}

/// Weights are rounded to what int8 can hold for a product that takes nothing else.
inline tamis::engine::Linear linear_of(const tamis::engine::Kernels& kernels,
                                       const tamis::engine::Product& product,
                                       std::vector<float> weight, std::size_t outputs,
                                       std::size_t inputs) {
  constexpr float kScale = 0.05F / 40;
  const std::vector<float> scales(outputs, kScale);
  tamis::engine::MatrixView view = tamis::engine::row_major(weight, outputs, inputs);
  if (&product == &kernels.fp32_of_int8) {
    for (float& value : weight) {
      value = kScale * std::clamp(std::round(value / kScale), -127.0F, 127.0F);
    }
    view.scales = scales.data();
  }
  return tamis::engine::make_linear(product, view, std::vector<float>(outputs, 0.5F));
}
