// tamis/batch/planner.hpp: which pairs are scored together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace tamis {

/// A micro-batch holds at most `max_pairs` pairs and, unless one pair alone is longer, at most
/// `max_tokens` tokens, so that memory is bounded by the budget and not by the input.
struct PlanOptions {
  std::size_t max_tokens = 512;
  std::size_t max_pairs = 64;
  /// Whether cores take micro-batches in turn, so that each should get as many tokens.
  bool even = false;
};

namespace detail {

using BatchPlan = std::vector<std::vector<std::uint32_t>>;

/// `order` cut by the budget, and wherever another `share` of all tokens is reached.
inline BatchPlan cut_batches(std::span<const std::uint32_t> order,
                             std::span<const std::size_t> lengths, const PlanOptions& options,
                             double share) {
  BatchPlan plan;
  std::size_t tokens = 0;
  double before = 0;  // tokens of all pairs so far
  for (const std::uint32_t index : order) {
    const auto length = static_cast<double>(lengths[index]);
    const bool full = plan.empty() || plan.back().size() >= options.max_pairs ||
                      tokens + lengths[index] > options.max_tokens ||
                      before + length / 2 > share * static_cast<double>(plan.size());
    if (full) {
      plan.emplace_back();
      tokens = 0;
    }
    plan.back().push_back(index);
    tokens += lengths[index];
    before += length;
  }
  return plan;
}

/// Whether `cores` that take the micro-batches in turn come to the end at about the same time.
inline bool ends_evenly(const BatchPlan& plan, std::span<const std::size_t> lengths, double share,
                        std::size_t cores) {
  constexpr double kNear = 1.25;
  const auto tokens = [&](const std::vector<std::uint32_t>& batch) {
    return std::accumulate(batch.begin(), batch.end(), 0.0, [&](double sum, std::uint32_t index) {
      return sum + static_cast<double>(lengths[index]);
    });
  };
  return plan.size() % cores == 0 && std::all_of(plan.begin(), plan.end(), [&](const auto& batch) {
           return tokens(batch) <= kNear * share;
         });
}

}  // namespace detail

/// Sorts by length, longest first, and cuts by the budget.
///
/// `lengths`: tokens of each pair. Returns micro-batches of indices into `lengths`; each index
/// appears once. Equal lengths keep their order. An even plan has, where the lengths allow it, a
/// multiple of `cores` micro-batches of about the same size.
[[nodiscard]] inline std::vector<std::vector<std::uint32_t>> plan_batches(
    std::span<const std::size_t> lengths, const PlanOptions& options, std::size_t cores = 1) {
  std::vector<std::uint32_t> order(lengths.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
    return lengths[left] > lengths[right];
  });
  detail::BatchPlan plan =
      detail::cut_batches(order, lengths, options, std::numeric_limits<double>::infinity());
  if (!options.even || plan.empty()) return plan;
  const std::size_t pieces = (plan.size() + cores - 1) / cores * cores;
  const double share =
      std::accumulate(lengths.begin(), lengths.end(), 0.0) / static_cast<double>(pieces);
  detail::BatchPlan even = detail::cut_batches(order, lengths, options, share);
  return detail::ends_evenly(even, lengths, share, cores) ? even : plan;
}

}  // namespace tamis
