// text/merge_table.hpp: which two neighbouring pieces become one, and how early.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tamis/text/tokens.hpp>

namespace tamis {

/// A hash table with open addressing; at most half of its slots are taken.
class MergeTable {
 public:
  struct Merge {
    TokenId left = -1;
    TokenId right = -1;
    std::uint32_t rank = 0;
    TokenId id = -1;  ///< -1: the slot is empty
  };

  MergeTable() : MergeTable(0) {}

  /// For at most `size` merges.
  explicit MergeTable(std::size_t size) : slots_(std::bit_ceil(2 * size + 2)) {}

  /// Of equal pairs the last one counts. Ids are not negative.
  void insert(const Merge& merge) noexcept { slots_[slot(merge.left, merge.right)] = merge; }

  /// Null when the two do not merge.
  [[nodiscard]] const Merge* find(TokenId left, TokenId right) const noexcept {
    const Merge& merge = slots_[slot(left, right)];
    return merge.id < 0 ? nullptr : &merge;
  }

 private:
  [[nodiscard]] std::size_t slot(TokenId left, TokenId right) const noexcept {
    constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15U;
    const std::uint64_t key = static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U |
                              static_cast<std::uint32_t>(right);
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = static_cast<std::size_t>((key * kGolden) >> 32U) & mask;
    while (slots_[at].id >= 0 && (slots_[at].left != left || slots_[at].right != right)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  std::vector<Merge> slots_;
};

}  // namespace tamis
