// touch_tensors.hpp: reads each byte of each tensor, so that the sanitizer sees a wrong offset.
#pragma once

#include <cstddef>

#include "model/tensor_index.hpp"

namespace tamis::fuzz {

inline void touch(const TensorIndex& tensors) {
  std::byte sum{};
  for (const auto& entry : tensors) {
    for (const std::byte byte : entry.second.bytes) sum ^= byte;
  }
  static volatile std::byte kept;
  kept = sum;
}

}  // namespace tamis::fuzz
