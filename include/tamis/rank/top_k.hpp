// tamis/rank/top_k.hpp: scores in the caller's order -> the best of them, best first.
//
//   std::vector<float> scores = model.predict(pairs);
//   for (const tamis::Hit& hit : tamis::top_k(scores, 10)) use(passages[hit.index], hit.score);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include <tamis/error.hpp>
#include <tamis/rank/ranking.hpp>

namespace tamis {

/// The `count` best scores, best first; all of them when there are fewer. Equal scores keep the
/// caller's order. Infinities are ordered as numbers are.
/// Throws InvalidArgument for NaN, which has no place in an order.
///
/// O(n + k log k): a selection, then a sort of what was selected.
[[nodiscard]] inline Ranking top_k(std::span<const float> scores, std::size_t count) {
  Ranking hits;
  hits.reserve(scores.size());
  for (std::size_t index = 0; index < scores.size(); ++index) {
    if (std::isnan(scores[index])) {
      raise<InvalidArgument>("score {} of {} is NaN and cannot be ranked", index, scores.size());
    }
    hits.push_back({index, scores[index]});
  }
  if (count < hits.size()) {
    // BestFirst is total on distinct indices, so selection and sort need not be stable themselves.
    std::nth_element(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(count), hits.end(),
                     BestFirst{});
    hits.resize(count);
  }
  std::sort(hits.begin(), hits.end(), BestFirst{});
  return hits;
}

/// All scores, best first. Throws as `top_k` does.
[[nodiscard]] inline Ranking rank_scores(std::span<const float> scores) {
  return top_k(scores, scores.size());
}

}  // namespace tamis
