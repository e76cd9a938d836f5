// tamis/batch/planner.hpp: which pairs are scored together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace tamis {

/// A micro-batch holds at most `max_pairs` pairs and, unless one pair alone is longer, at most
/// `max_tokens` tokens, so that memory is bounded by the budget and not by the input.
struct PlanOptions {
  std::size_t max_tokens = 512;
  std::size_t max_pairs = 64;
};

/// Sorts by length, longest first, and cuts by the budget.
///
/// `lengths`: tokens of each pair. Returns micro-batches of indices into `lengths`; each index
/// appears once. Equal lengths keep their order.
[[nodiscard]] inline std::vector<std::vector<std::uint32_t>> plan_batches(
    std::span<const std::size_t> lengths, const PlanOptions& options) {
  std::vector<std::uint32_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
    return lengths[left] > lengths[right];
  });
  std::vector<std::vector<std::uint32_t>> plan;
  std::size_t tokens = 0;
  for (const std::uint32_t index : order) {
    const bool full = plan.empty() || plan.back().size() >= options.max_pairs ||
                      tokens + lengths[index] > options.max_tokens;
    if (full) {
      plan.emplace_back();
      tokens = 0;
    }
    plan.back().push_back(index);
    tokens += lengths[index];
  }
  return plan;
}

}  // namespace tamis
