// tamis/batch/planner.hpp: which pairs are scored together.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
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

/// Tokens' time until the last of `cores` comes to the end: they take the micro-batches in turn,
/// and share what is left over by the last whole round.
inline double time_of(const BatchPlan& plan, std::span<const std::size_t> lengths,
                      std::size_t cores) {
  constexpr double kEachBatch = 4;      // tokens
  constexpr double kSharing = 1 / 0.8;  // cores that share a micro-batch wait for each other
  std::vector<double> busy(cores, 0);
  double shared = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    double tokens = kEachBatch;
    for (const std::uint32_t index : plan[i]) tokens += static_cast<double>(lengths[index]);
    if (i < plan.size() / cores * cores) {
      *std::min_element(busy.begin(), busy.end()) += tokens;
    } else {
      shared += tokens * kSharing / static_cast<double>(cores);
    }
  }
  return *std::max_element(busy.begin(), busy.end()) + shared;
}

/// Of plans of a few more micro-batches than `least` has, with or without a last one that all cores
/// share, the one that is done first.
inline BatchPlan even_plan(BatchPlan least, std::span<const std::uint32_t> order,
                           std::span<const std::size_t> lengths, const PlanOptions& options,
                           std::size_t cores) {
  constexpr std::size_t kLong = 16;       // rounds, of which the last one weighs little
  constexpr std::size_t kMostShared = 4;  // pairs; planning must not take long on many cores
  const std::size_t rounds = (least.size() + cores - 1) / cores;
  const bool brief = rounds < kLong;
  const std::size_t more = brief ? std::max<std::size_t>(rounds / 2, 2) : 0;
  const std::size_t shares = brief ? std::min({cores, order.size(), kMostShared}) : 1;
  double soonest = time_of(least, lengths, cores);
  BatchPlan best = std::move(least);
  for (std::size_t shared = 0; shared < shares; ++shared) {
    const auto whole = order.first(order.size() - shared);
    const double total = std::accumulate(
        whole.begin(), whole.end(), 0.0,
        [&](double sum, std::uint32_t i) { return sum + static_cast<double>(lengths[i]); });
    const BatchPlan last = cut_batches(order.subspan(whole.size()), lengths, options,
                                       std::numeric_limits<double>::infinity());
    for (std::size_t tried = rounds; tried <= rounds + more; ++tried) {
      BatchPlan plan =
          cut_batches(whole, lengths, options, total / static_cast<double>(tried * cores));
      plan.insert(plan.end(), last.begin(), last.end());
      const double time = time_of(plan, lengths, cores);
      if (time >= soonest) continue;
      soonest = time;
      best = std::move(plan);
    }
  }
  return best;
}

}  // namespace detail

/// Sorts by length, longest first, and cuts by the budget.
///
/// `lengths`: tokens of each pair. Returns micro-batches of indices into `lengths`; each index
/// appears once. Equal lengths keep their order. An even plan may have more micro-batches than the
/// budget asks for, where `cores` that take them in turn are then done sooner.
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
  return detail::even_plan(std::move(plan), order, lengths, options,
                           std::max<std::size_t>(cores, 1));
}

}  // namespace tamis
