// tamis/rank/ranking.hpp: candidates in order, best first.
//
//   tamis::Ranking ranking = tamis::rank_scores(scores);        // all of them
//   ranking = tamis::keep(std::move(ranking), 10);              // the ten best
//   std::cout << passages[ranking.front().index];
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <tamis/error.hpp>

namespace tamis {

/// A candidate and its score.
struct Hit {
  std::size_t index = 0;  ///< into the caller's documents, whatever was cut or merged since
  float score = 0.0F;

  friend bool operator==(const Hit&, const Hit&) = default;
};

/// The value that leaves the step scores -> ranking: best first, each index at most once.
using Ranking = std::vector<Hit>;

/// The one order of this library: higher scores first, equal scores by ascending index, so that
/// ties keep the caller's order and two machines agree. A strict weak order only without NaN.
struct BestFirst {
  [[nodiscard]] constexpr bool operator()(const Hit& left, const Hit& right) const noexcept {
    return left.score != right.score ? left.score > right.score : left.index < right.index;
  }
};

/// The first `count` hits; all of them when there are fewer.
///
/// keep(keep(r, a), b) equals keep(r, min(a, b)).
[[nodiscard]] inline Ranking keep(Ranking ranking, std::size_t count) {
  if (count < ranking.size()) {
    ranking.erase(ranking.begin() + static_cast<std::ptrdiff_t>(count), ranking.end());
  }
  return ranking;
}

/// The hits that score at least `min_score` (inclusive), in their order. Throws InvalidArgument for
/// NaN, which nothing is above.
[[nodiscard]] inline Ranking keep_above(Ranking ranking, float min_score) {
  if (std::isnan(min_score)) raise<InvalidArgument>("min_score is NaN; it must be a number");
  std::erase_if(ranking, [min_score](const Hit& hit) { return !(hit.score >= min_score); });
  return ranking;
}

}  // namespace tamis
