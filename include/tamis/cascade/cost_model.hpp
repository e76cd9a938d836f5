// tamis/cascade/cost_model.hpp: how long a stage takes, learned while it runs.
//
//   cost.observe({.items = 25, .tokens = 2000}, 180.0);
//   cost.predict({.items = 50, .tokens = 4000});   // milliseconds
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace tamis {

/// milliseconds = fixed + item * items + token * tokens, none of them negative, fitted to the last
/// `kRemembered` calls by least squares reweighted with Huber's function (Huber, "Robust Estimation
/// of a Location Parameter", 1964), so that a call that waited for a busy machine counts little. A
/// slight pull to zero settles what the calls leave open. Not thread-safe.
class CostModel {
 public:
  /// What a call works on. `tokens` may be in any unit that grows with the texts.
  struct Work {
    double items = 0;
    double tokens = 0;
    double bytes = 0;  ///< of the texts; 0: not known. Not fitted: tells what a byte has of tokens
  };
  struct Observation {
    Work work;
    double ms = 0;
  };
  static constexpr std::size_t kRemembered = 64;

  CostModel() = default;
  /// Goes on from what `observations()` gave in an earlier run.
  explicit CostModel(const std::vector<Observation>& observations) {
    for (const Observation& seen : observations) observe(seen.work, seen.ms);
  }

  /// Ignores what is negative or not finite.
  void observe(const Work& work, double ms) {
    if (!(ms >= 0) || !std::isfinite(ms) || !(work.items > 0) || !(work.tokens >= 0)) return;
    seen_.push_back({work, ms});
    if (seen_.size() > kRemembered) seen_.pop_front();
    // One more call among many changes little: fitting anew each time would cost more than it
    // tells.
    if (++unfitted_ >= std::max<std::size_t>(1, seen_.size() / 8)) fitted_.reset();
  }

  /// Milliseconds.
  struct Cost {
    double fixed = 0;
    double item = 0;
    double token = 0;
  };

  /// Nothing is predicted before the first observation.
  [[nodiscard]] bool knows() const noexcept { return !seen_.empty(); }

  /// 0 when nothing is known.
  [[nodiscard]] double predict(const Work& work) const {
    const Cost by = cost();
    return by.fixed + by.item * work.items + by.token * work.tokens;
  }

  [[nodiscard]] Cost cost() const {
    if (!knows()) return {};
    if (!fitted_) {
      fitted_ = fit();
      unfitted_ = 0;
    }
    const auto& [fixed, item, token] = *fitted_;
    return {fixed, item, token};
  }

  /// What the smallest call took, the latest of several; only where `knows()`.
  [[nodiscard]] const Observation& smallest() const {
    return *std::min_element(seen_.rbegin(), seen_.rend(),
                             [](const Observation& one, const Observation& other) {
                               return one.work.items < other.work.items;
                             });
  }

  [[nodiscard]] std::vector<Observation> observations() const {
    return {seen_.begin(), seen_.end()};
  }

 private:
  using Vector = std::array<double, 3>;

  static double value(const Vector& by, const Vector& x) {
    return by[0] * x[0] + by[1] * x[1] + by[2] * x[2];
  }

  /// Columns scaled to about 1, so that the pull to zero treats them alike.
  [[nodiscard]] Vector scales() const {
    Vector scale{1, 1, 1};
    for (const Observation& one : seen_) {
      scale[1] = std::max(scale[1], one.work.items);
      scale[2] = std::max(scale[2], one.work.tokens);
    }
    return scale;
  }

  [[nodiscard]] Vector fit() const {
    const Vector scale = scales();
    std::vector<Vector> rows;
    for (const Observation& one : seen_) {
      rows.push_back({1, one.work.items / scale[1], one.work.tokens / scale[2]});
    }
    std::vector<double> weights(rows.size(), 1.0);
    Vector by = solve(rows, weights);
    for (int round = 0; round < 8; ++round) {
      reweigh(rows, by, weights);
      by = solve(rows, weights);
    }
    for (std::size_t i = 0; i < 3; ++i) by[i] /= scale[i];
    return by;
  }

  void reweigh(const std::vector<Vector>& rows, const Vector& by,
               std::vector<double>& weights) const {
    std::vector<double> off;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      off.push_back(std::abs(seen_[i].ms - value(by, rows[i])));
    }
    std::vector<double> sorted = off;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    // 1.345 sigma of a normal distribution, of which the median deviation is 0.6745 sigma.
    const double usual = std::max(1.345 * *middle / 0.6745, 1e-9);
    for (std::size_t i = 0; i < off.size(); ++i) weights[i] = std::min(1.0, usual / off[i]);
  }

  /// Coordinate descent on the weighted normal equations, each coefficient at least 0.
  [[nodiscard]] Vector solve(const std::vector<Vector>& rows,
                             const std::vector<double>& weights) const {
    std::array<Vector, 3> square{};
    Vector right{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t a = 0; a < 3; ++a) {
        right[a] += weights[i] * rows[i][a] * seen_[i].ms;
        for (std::size_t b = 0; b < 3; ++b) square[a][b] += weights[i] * rows[i][a] * rows[i][b];
      }
    }
    // The fixed part is pulled hardest: few calls say nothing of it.
    const Vector pull{0.02, 1e-3, 1e-3};
    Vector by{};
    for (int round = 0; round < 200; ++round) {
      double moved = 0;
      // The fixed part comes last: calls of one size leave open what is fixed, and taking all of it
      // for fixed would say that not even one candidate fits into a smaller budget.
      for (const std::size_t a : {2U, 1U, 0U}) {
        double rest = right[a];
        for (std::size_t b = 0; b < 3; ++b) rest -= a == b ? 0 : square[a][b] * by[b];
        const double next = std::max(0.0, rest / (square[a][a] + pull[a]));
        moved += std::abs(next - by[a]);
        by[a] = next;
      }
      if (moved <= 1e-4 * (by[0] + by[1] + by[2])) break;
    }
    return by;
  }

  std::deque<Observation> seen_;
  mutable std::optional<Vector> fitted_;
  mutable std::size_t unfitted_ = 0;
};

}  // namespace tamis
