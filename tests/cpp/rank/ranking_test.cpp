// tests/cpp/rank/ranking_test.cpp
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include <tamis/error.hpp>
#include <tamis/rank/ranking.hpp>

#include "rank/random_scores.hpp"
#include "support/catch.hpp"

using tamis::Ranking;

TEST_CASE("BestFirst orders by score, then by index") {
  Ranking hits = {{3, 1.0F}, {2, 2.0F}, {1, 1.0F}, {0, -0.0F}, {4, 0.0F}};
  std::sort(hits.begin(), hits.end(), tamis::BestFirst{});
  REQUIRE(hits == Ranking{{2, 2.0F}, {1, 1.0F}, {3, 1.0F}, {0, 0.0F}, {4, 0.0F}});
}

TEST_CASE("keep(a) then keep(b) is keep(min(a, b))") {
  const Ranking ranking = tamis::test::random_ranking(7, 12);
  for (std::size_t a = 0; a < 15; ++a) {
    for (std::size_t b = 0; b < 15; ++b) {
      REQUIRE(keep(keep(ranking, a), b) == keep(ranking, std::min(a, b)));
    }
  }
  REQUIRE(keep(Ranking{}, 3).empty());
}

TEST_CASE("keep_above is inclusive and drops what is no number") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  const Ranking ranking = {{0, 0.9F}, {1, 0.5F}, {2, 0.49F}, {3, nan}};
  CHECK_THROWS_AS(keep_above(ranking, std::nanf("")), tamis::InvalidArgument);
  REQUIRE(keep_above(ranking, 0.5F) == Ranking{{0, 0.9F}, {1, 0.5F}});
}
