// tamis/cascade/stage_state.hpp: what a cascade learns of a stage from run to run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/cascade/clock.hpp>
#include <tamis/cascade/cost_model.hpp>
#include <tamis/cascade/options.hpp>

namespace tamis::detail {

/// Cost and failures of one stage. Thread-safe.
class StageState {
 public:
  /// Predicted milliseconds of the first `items` of `texts`; nothing before the stage ever ran.
  [[nodiscard]] std::optional<double> predict(std::span<const std::string_view> texts) const {
    const std::scoped_lock lock(mutex_);
    if (!cost_.knows()) return std::nullopt;
    return cost_.predict(work_of(texts));
  }

  /// As above and as `observe` below, for a stage whose time does not depend on the texts.
  [[nodiscard]] std::optional<double> predict(std::size_t items) const {
    const std::scoped_lock lock(mutex_);
    if (!cost_.knows()) return std::nullopt;
    return cost_.predict({.items = static_cast<double>(items)});
  }
  void observe(std::size_t items, double ms) {
    const std::scoped_lock lock(mutex_);
    cost_.observe({.items = static_cast<double>(items)}, ms);
  }

  /// How many texts, from the top, fit into `ms`; all when nothing is known.
  [[nodiscard]] std::size_t fitting(std::span<const std::string_view> texts, double ms) const {
    const std::scoped_lock lock(mutex_);
    if (!cost_.knows()) return texts.size();
    std::size_t low = 0;
    std::size_t high = texts.size();
    while (low < high) {
      const std::size_t middle = (low + high + 1) / 2;
      if (cost_.predict(work_of(texts.first(middle))) <= ms) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low > 0 ? low : fitting_by_part(texts.size(), ms);
  }

  /// How many texts, from the top, are to be scored in `ms`, and whether by the stage itself: where
  /// not one fits it is not, but for one text when the stage had no time for `breaker_ms`.
  struct Fit {
    std::size_t count;
    bool own;
  };
  [[nodiscard]] Fit fit(std::span<const std::string_view> texts, double ms,
                        const StageOptions& options, Clock::Time now) {
    const std::size_t count = fitting(texts, ms);
    if (count > 0) return {count, true};
    return try_again(options.breaker_ms, now) ? Fit{1, true} : Fit{texts.size(), false};
  }

  /// `tokens`: as the stage counted them, 0 when it does not.
  void observe(std::span<const std::string_view> texts, std::size_t tokens, double ms) {
    const std::scoped_lock lock(mutex_);
    CostModel::Work work = work_of(texts);
    if (tokens > 0) work.tokens = static_cast<double>(tokens);
    see({work, ms});
    starved_since_.reset();
  }

  /// Whether one candidate is to be tried though none fits: the stage had no time for `pause_ms`. A
  /// service that was slow once would never be asked again otherwise. What was learnt is forgotten.
  [[nodiscard]] bool try_again(double pause_ms, Clock::Time now) {
    const std::scoped_lock lock(mutex_);
    if (!starved_since_) starved_since_ = now;
    if (now - *starved_since_ < from_milliseconds(pause_ms)) return false;
    starved_since_.reset();
    cost_ = CostModel();
    return true;
  }

  [[nodiscard]] std::vector<CostModel::Observation> observations() const {
    const std::scoped_lock lock(mutex_);
    return cost_.observations();
  }
  [[nodiscard]] CostModel::Cost cost() const {
    const std::scoped_lock lock(mutex_);
    return cost_.cost();
  }
  void learn(const std::vector<CostModel::Observation>& observations) {
    const std::scoped_lock lock(mutex_);
    for (const CostModel::Observation& one : observations) see(one);
  }

  void succeeded() {
    const std::scoped_lock lock(mutex_);
    failures_ = 0;
  }
  void failed(const StageOptions& options, Clock::Time now, std::string why) {
    const std::scoped_lock lock(mutex_);
    last_failure_ = std::move(why);
    if (++failures_ < options.breaker) return;
    open_until_ = now + from_milliseconds(options.breaker_ms);
    failures_ = options.breaker - 1;  // one more failure after the pause opens it again
  }
  [[nodiscard]] std::string last_failure() const {
    const std::scoped_lock lock(mutex_);
    return last_failure_;
  }
  /// Whether the stage is left alone for now.
  [[nodiscard]] bool open(Clock::Time now) const {
    const std::scoped_lock lock(mutex_);
    return open_until_ && now < *open_until_;
  }

 private:
  /// When the fit says that none does. It may have taken for fixed what a busy machine cost:
  /// smaller calls than any that was seen are tried, by the part of that one's time, before it is
  /// believed.
  [[nodiscard]] std::size_t fitting_by_part(std::size_t count, double ms) const {
    const auto& [work, taken] = cost_.smallest();
    if (!(ms > 0)) return 0;
    if (!(taken > 0)) return count;
    const double part = std::floor(work.items * std::min(ms / taken, 1.0));
    return std::min(count, static_cast<std::size_t>(part));
  }

  void see(const CostModel::Observation& one) {
    const auto& [work, ms] = one;
    const double ratio = work.tokens / work.bytes;
    if (std::isfinite(ratio) && ratio > 0) tokens_per_byte_ = ratio;
    cost_.observe(work, ms);
  }
  [[nodiscard]] CostModel::Work work_of(std::span<const std::string_view> texts) const {
    double bytes = 0;
    for (const std::string_view text : texts) bytes += static_cast<double>(text.size());
    return {static_cast<double>(texts.size()), bytes * tokens_per_byte_, bytes};
  }

  mutable std::mutex mutex_;
  CostModel cost_;
  double tokens_per_byte_ = 0.25;
  std::size_t failures_ = 0;
  std::string last_failure_;
  std::optional<Clock::Time> open_until_;
  std::optional<Clock::Time> starved_since_;  ///< since when not one candidate fits
};

}  // namespace tamis::detail
