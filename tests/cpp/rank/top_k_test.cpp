// tests/cpp/rank/top_k_test.cpp
#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

#include <tamis/rank/top_k.hpp>

#include "rank/random_scores.hpp"
#include "support/catch.hpp"

using tamis::Hit;
using tamis::Ranking;
using tamis::test::random_scores;

namespace {

// The definition: a stable sort of everything, then a cut.
Ranking reference(const std::vector<float>& scores, std::size_t count) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  Ranking ranking;
  for (const std::size_t index : order) {
    if (ranking.size() == count) break;
    ranking.push_back({index, scores[index]});
  }
  return ranking;
}

}  // namespace

TEST_CASE("top_k is the head of a stable sort") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const auto scores = random_scores(seed, seed % 23);
    for (std::size_t count = 0; count <= scores.size() + 2; ++count) {
      REQUIRE(tamis::top_k(scores, count) == reference(scores, count));
    }
  }
}

TEST_CASE("rank_scores is a permutation") {
  const auto ranking = tamis::rank_scores(random_scores(3, 500));
  std::vector<bool> seen(500, false);
  for (const Hit& hit : ranking) {
    REQUIRE_FALSE(seen.at(hit.index));
    seen[hit.index] = true;
  }
  REQUIRE(ranking.size() == 500);
}

TEST_CASE("top_k of a and then b is top_k of the smaller") {
  const auto scores = random_scores(11, 40);
  REQUIRE(keep(tamis::top_k(scores, 20), 7) == tamis::top_k(scores, 7));
  REQUIRE(keep(tamis::top_k(scores, 7), 20) == tamis::top_k(scores, 7));
}

TEST_CASE("all equal scores keep the caller's order") {
  const std::vector<float> scores(100, 1.0F);
  const auto ranking = tamis::top_k(scores, 30);
  for (std::size_t place = 0; place < ranking.size(); ++place)
    REQUIRE(ranking[place].index == place);
}

TEST_CASE("infinities are ordered, NaN is refused") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  REQUIRE(tamis::rank_scores(std::vector{-infinity, 0.0F, infinity}) ==
          Ranking{{2, infinity}, {1, 0.0F}, {0, -infinity}});
  const std::vector<float> broken = {1.0F, std::numeric_limits<float>::quiet_NaN()};
  REQUIRE_THROWS_AS(tamis::top_k(broken, 1), tamis::InvalidArgument);
}
