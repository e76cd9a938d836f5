// text/byte_trie.hpp: strings to numbers; finds every entry that begins a text in one walk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis {

/// A double array: the child of `node` by `byte` is at `base(node) + byte` if that unit says so.
class ByteTrie {
 public:
  static constexpr std::uint32_t kRoot = 0;
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFF;
  static constexpr std::int32_t kNoValue = -1;

  ByteTrie() = default;

  /// Of equal keys the last one counts. Values are not negative.
  explicit ByteTrie(std::vector<std::pair<std::string_view, std::int32_t>> entries);

  /// kNowhere when no key goes on so.
  [[nodiscard]] std::uint32_t step(std::uint32_t node, unsigned char byte) const noexcept {
    const std::uint32_t child = units_[node].base + byte;
    return units_[child].parent == node ? child : kNowhere;
  }

  /// kNoValue when no key ends here.
  [[nodiscard]] std::int32_t value(std::uint32_t node) const noexcept { return units_[node].value; }

  [[nodiscard]] std::uint32_t walk(std::uint32_t node, std::string_view bytes) const noexcept {
    for (const char byte : bytes) {
      if (node == kNowhere) break;
      node = step(node, static_cast<unsigned char>(byte));
    }
    return node;
  }

  [[nodiscard]] std::int32_t find(std::string_view key) const noexcept {
    const std::uint32_t node = walk(kRoot, key);
    return node == kNowhere ? kNoValue : value(node);
  }

 private:
  struct Unit {
    std::uint32_t base = 0;
    std::uint32_t parent = kNowhere;
    std::int32_t value = kNoValue;
  };
  // 256 units past the last base, so that `step` needs no bounds check.
  std::vector<Unit> units_ = std::vector<Unit>(256);
};

}  // namespace tamis
