// tamis/cascade/select.hpp: stages that drop or reorder candidates without scoring them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/cascade/stage.hpp>
#include <tamis/error.hpp>

namespace tamis::stages {

/// Drops candidates whose latest score is below `least`. Scores that are not calibrated mean
/// another thing for each query: the cascade warns of them.
[[nodiscard]] inline AnyStage threshold(float least) {
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

/// Words that two texts share, of all their words (Jaccard), in [0, 1].
[[nodiscard]] inline double word_overlap(std::string_view left, std::string_view right) {
  const auto words = [](std::string_view text) {
    std::set<std::string_view> found;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find_first_of(" \t\n\r"), text.size());
      if (end > 0) found.insert(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return found;
  };
  const std::set<std::string_view> a = words(left);
  const std::set<std::string_view> b = words(right);
  std::size_t both = 0;
  for (const std::string_view word : a) both += b.count(word);
  const std::size_t all = a.size() + b.size() - both;
  return all == 0 ? 1.0 : static_cast<double>(both) / static_cast<double>(all);
}

/// Puts first what is both relevant and unlike what stands before it: maximal marginal relevance,
/// lambda * relevance - (1 - lambda) * greatest similarity (Carbonell and Goldstein, SIGIR 1998).
/// Relevance is the place in the ranking, 1 for the first down to 0, so that no scale of scores
/// enters. `count` candidates are chosen so; the others follow in their order.
[[nodiscard]] inline AnyStage diversify(
    std::size_t count, double lambda = 0.7,
    std::function<double(std::string_view, std::string_view)> similarity = word_overlap) {
  if (!(lambda >= 0 && lambda <= 1)) {
    raise<InvalidArgument>("lambda is {}; it must be in [0, 1]", lambda);
  }
  return {
      StageTraits{.name = "diversify", .kind = StageKind::select},
      [count, lambda, similarity = std::move(similarity)](const StageCall& call) -> StageResult {
        const std::size_t all = call.texts.size();
        std::vector<double> closest(all, 0.0);
        std::vector<bool> taken(all, false);
        Selected selected;
        while (selected.order.size() < std::min(count, all)) {
          std::size_t best = all;
          double most = 0;
          for (std::size_t i = 0; i < all; ++i) {
            if (taken[i]) continue;
            const double relevance = 1.0 - static_cast<double>(i) / static_cast<double>(all);
            const double value = lambda * relevance - (1 - lambda) * closest[i];
            if (best == all || value > most) {
              best = i;
              most = value;
            }
          }
          taken[best] = true;
          selected.order.push_back(best);
          for (std::size_t i = 0; i < all; ++i) {
            if (taken[i]) continue;
            closest[i] = std::max(closest[i], similarity(call.texts[best], call.texts[i]));
          }
        }
        for (std::size_t i = 0; i < all; ++i) {
          if (!taken[i]) selected.order.push_back(i);
        }
        return selected;
      }};
}

}  // namespace tamis::stages
