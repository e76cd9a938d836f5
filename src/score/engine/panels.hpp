// score/engine/panels.hpp: memory of packed weights.
#pragma once

#include <cstddef>
#include <memory>

namespace tamis::engine {

/// Bytes that begin on a cache line. Copies share the memory, which goes with the last of them.
class Panels {
 public:
  Panels() = default;

  /// What is in them is not set. From 2 MiB up they begin on a huge page, and the kernel is asked
  /// for such pages as far as whole ones fit, so that they take no more memory than small ones:
  /// one pair streams all weights, and would meet a new page every 4 KiB.
  explicit Panels(std::size_t bytes);

  /// Those that begin `bytes` later.
  [[nodiscard]] Panels from(std::size_t bytes) const;

  [[nodiscard]] std::byte* data() const noexcept { return memory_.get(); }

 private:
  std::shared_ptr<std::byte[]> memory_;
};

}  // namespace tamis::engine
