// tamis/cascade/select.hpp: stages that drop or reorder candidates without scoring them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/stage.hpp>
#include <tamis/error.hpp>

namespace tamis::stages {

/// Drops candidates whose score by the stage before is below `least`. Scores that are not
/// calibrated mean another thing for each query: the cascade warns of them. Fails, and so drops
/// none, where not all candidates have a score of that stage: it failed, was skipped or cut short,
/// or had a limit. Throws InvalidArgument for NaN.
[[nodiscard]] inline AnyStage threshold(float least) {
  if (std::isnan(least)) raise<InvalidArgument>("a threshold of NaN keeps nothing");
  return {StageTraits{.name = "threshold", .kind = StageKind::select, .needs_calibrated = true},
          [least](const StageCall& call) -> StageResult {
            if (call.scores.size() < call.texts.size()) {
              raise<Error>("not all candidates have a score of the stage before");
            }
            Selected selected{.order = {}, .reason = fmt::format("scored below {}", least)};
            for (std::size_t i = 0; i < call.scores.size(); ++i) {
              if (call.scores[i] >= least) selected.order.push_back(i);
            }
            return selected;
          }};
}

/// Keeps the best of candidates with equal texts.
[[nodiscard]] inline AnyStage deduplicate() {
  return {StageTraits{.name = "deduplicate", .kind = StageKind::select},
          [](const StageCall& call) -> StageResult {
            Selected selected{.order = {}, .reason = "its text came before"};
            std::unordered_set<std::string_view> seen;
            for (std::size_t i = 0; i < call.texts.size(); ++i) {
              if (seen.insert(call.texts[i]).second) selected.order.push_back(i);
            }
            selected.duplicates = call.texts.size() - selected.order.size();
            return selected;
          }};
}

namespace detail {

/// The different words of some texts, each text's as sorted numbers.
class WordSets {
 public:
  explicit WordSets(std::span<const std::string_view> texts) {
    std::unordered_map<std::string_view, std::size_t> numbers;
    for (std::string_view text : texts) {
      std::vector<std::size_t>& words = sets_.emplace_back();
      while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \t\n\r"), text.size());
        if (end > 0) {
          words.push_back(numbers.try_emplace(text.substr(0, end), numbers.size()).first->second);
        }
        text.remove_prefix(std::min(end + 1, text.size()));
      }
      std::sort(words.begin(), words.end());
      words.erase(std::unique(words.begin(), words.end()), words.end());
    }
  }

  /// Words that both have, of all their words (Jaccard), in [0, 1].
  [[nodiscard]] double overlap(std::size_t left, std::size_t right) const {
    const std::vector<std::size_t>& a = sets_[left];
    const std::vector<std::size_t>& b = sets_[right];
    std::size_t both = 0;
    for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
      both += static_cast<std::size_t>(a[i] == b[j]);
      const bool first = a[i] <= b[j];
      j += static_cast<std::size_t>(b[j] <= a[i]);
      i += static_cast<std::size_t>(first);
    }
    const std::size_t all = a.size() + b.size() - both;
    return all == 0 ? 1.0 : static_cast<double>(both) / static_cast<double>(all);
  }

 private:
  std::vector<std::vector<std::size_t>> sets_;
};

/// Maximal marginal relevance over the candidates of a call.
class Diversity {
 public:
  /// `similarity`: of two candidates, by their places.
  using Similarity = std::function<double(std::size_t, std::size_t)>;

  Diversity(const StageCall& call, double lambda, Similarity similarity)
      : call_(call),
        lambda_(lambda),
        similarity_(std::move(similarity)),
        closest_(call.texts.size(), 0.0),
        taken_(call.texts.size(), false) {}

  /// `count` candidates are chosen, or fewer until the deadline; the others follow.
  [[nodiscard]] Selected choose(std::size_t count) && {
    const std::size_t all = call_.texts.size();
    Selected selected;
    while (selected.order.size() < std::min(count, all)) {
      const std::size_t best = next();
      taken_[best] = true;
      selected.order.push_back(best);
      if (selected.order.size() < std::min(count, all) && !compare_with(best)) {
        selected.cut = fmt::format("the deadline came after {} of {} candidates were chosen",
                                   selected.order.size(), std::min(count, all));
        break;
      }
    }
    for (std::size_t i = 0; i < all; ++i) {
      if (!taken_[i]) selected.order.push_back(i);
    }
    return selected;
  }

 private:
  [[nodiscard]] std::size_t next() const {
    const std::size_t all = taken_.size();
    std::size_t best = all;
    double most = 0;
    for (std::size_t i = 0; i < all; ++i) {
      if (taken_[i]) continue;
      const double relevance = 1.0 - static_cast<double>(i) / static_cast<double>(all);
      const double value = lambda_ * relevance - (1 - lambda_) * closest_[i];
      if (best == all || value > most) {
        best = i;
        most = value;
      }
    }
    return best;
  }

  /// False when the deadline came. Throws Cancelled.
  [[nodiscard]] bool compare_with(std::size_t chosen) {
    for (std::size_t i = 0; i < taken_.size(); ++i) {
      if (taken_[i]) continue;
      if (call_.cancel.cancelled()) throw Cancelled("the cascade was cancelled");
      if (call_.deadline.passed()) return false;
      const double similarity = similarity_(chosen, i);
      if (!std::isfinite(similarity)) {
        raise<Error>("the similarity of candidates {} and {} is {}", chosen, i, similarity);
      }
      closest_[i] = std::max(closest_[i], similarity);
    }
    return true;
  }

  const StageCall& call_;
  double lambda_;
  Similarity similarity_;
  std::vector<double> closest_;  ///< greatest similarity to one that is chosen
  std::vector<bool> taken_;
};

}  // namespace detail

/// Words that two texts share, of all their words (Jaccard), in [0, 1].
[[nodiscard]] inline double word_overlap(std::string_view left, std::string_view right) {
  return detail::WordSets(std::array{left, right}).overlap(0, 1);
}

/// Puts first what is both relevant and unlike what stands before it: maximal marginal relevance,
/// lambda * relevance - (1 - lambda) * greatest similarity (Carbonell and Goldstein, SIGIR 1998).
/// Relevance is the place in the ranking, 1 for the first down to 0, so that no scale of scores
/// enters. `count` candidates are chosen so; the others follow in their order, and what the
/// deadline leaves. `similarity` of two texts, in [0, 1]; none is `word_overlap`.
[[nodiscard]] inline AnyStage diversify(
    std::size_t count, double lambda = 0.7,
    std::function<double(std::string_view, std::string_view)> similarity = {}) {
  if (!(lambda >= 0 && lambda <= 1)) {
    raise<InvalidArgument>("lambda is {}; it must be in [0, 1]", lambda);
  }
  return {
      StageTraits{.name = "diversify", .kind = StageKind::select},
      [count, lambda, similarity = std::move(similarity)](const StageCall& call) -> StageResult {
        detail::Diversity::Similarity of_places;
        if (similarity) {
          of_places = [&](std::size_t a, std::size_t b) {
            return similarity(call.texts[a], call.texts[b]);
          };
        } else {
          of_places = [words = detail::WordSets(call.texts)](std::size_t a, std::size_t b) {
            return words.overlap(a, b);
          };
        }
        return detail::Diversity(call, lambda, std::move(of_places)).choose(count);
      }};
}

}  // namespace tamis::stages
