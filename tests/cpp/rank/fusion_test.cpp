// tests/cpp/rank/fusion_test.cpp
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <tamis/rank/fusion.hpp>

#include "rank/random_scores.hpp"
#include "support/catch.hpp"

using tamis::Hit;
using tamis::Normalization;
using tamis::Ranking;
using tamis::test::random_ranking;

namespace {

std::vector<std::size_t> indices(const Ranking& ranking) {
  std::vector<std::size_t> result;
  for (const Hit& hit : ranking) result.push_back(hit.index);
  return result;
}

}  // namespace

TEST_CASE("reciprocal rank fusion by hand") {
  const std::vector<Ranking> rankings = {{{7, 9.0F}, {8, 8.0F}}, {{8, 0.2F}, {9, 0.1F}}};
  const Ranking fused = tamis::reciprocal_rank_fusion(rankings);
  REQUIRE(indices(fused) == std::vector<std::size_t>{8, 7, 9});
  REQUIRE(fused[0].score == Approx(1.0 / 62 + 1.0 / 61));
  REQUIRE(fused[1].score == Approx(1.0 / 61));
  REQUIRE(fused[2].score == Approx(1.0 / 62));
}

TEST_CASE("reciprocal rank fusion does not look at scores or at the order of the rankings") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Ranking left = random_ranking(seed, 20);
    const Ranking right = random_ranking(seed + 100, 30);
    const Ranking fused = tamis::reciprocal_rank_fusion(std::vector{left, right});
    REQUIRE(tamis::reciprocal_rank_fusion(std::vector{right, left}) == fused);
    for (Hit& hit : left) hit.score = std::exp(hit.score) * 1000.0F;
    REQUIRE(tamis::reciprocal_rank_fusion(std::vector{left, right}) == fused);
    REQUIRE(fused.size() == 30);
    REQUIRE(std::is_sorted(fused.begin(), fused.end(), tamis::BestFirst{}));
  }
}

TEST_CASE("fusing one ranking keeps its order") {
  const Ranking ranking = random_ranking(5, 25);
  REQUIRE(indices(tamis::reciprocal_rank_fusion(std::vector<Ranking>{ranking})) ==
          indices(ranking));
  for (const auto normalization :
       {Normalization::none, Normalization::z_score, Normalization::min_max}) {
    REQUIRE(indices(tamis::blend(std::vector<Ranking>{ranking},
                                 {.normalization = normalization})) == indices(ranking));
  }
}

TEST_CASE("z-scores have mean 0 and deviation 1, min-max spans 0 to 1") {
  const Ranking ranking = {{0, 6.0F}, {1, 4.0F}, {2, 2.0F}};
  const auto z = tamis::normalized_scores(ranking, Normalization::z_score);
  REQUIRE(z[0] == Approx(std::sqrt(1.5)));
  REQUIRE(z[1] == Approx(0.0).margin(1e-12));
  REQUIRE(z[2] == Approx(-std::sqrt(1.5)));
  REQUIRE(tamis::normalized_scores(ranking, Normalization::min_max) ==
          std::vector<double>{1.0, 0.5, 0.0});
  const Ranking flat = {{0, 3.0F}, {1, 3.0F}};
  REQUIRE(tamis::normalized_scores(flat, Normalization::z_score) == std::vector<double>{0, 0});
  REQUIRE(tamis::normalized_scores(flat, Normalization::min_max) == std::vector<double>{0, 0});
  REQUIRE(tamis::normalized_scores({}, Normalization::z_score).empty());
}

TEST_CASE("a blend does not see how a ranking's scores are scaled") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Ranking left = random_ranking(seed, 20, 1000);
    Ranking right = random_ranking(seed + 100, 20, 1000);
    const auto order = [&](Normalization normalization) {
      return indices(tamis::blend(std::vector{left, right},
                                  {.weights = {1.0, 0.3}, .normalization = normalization}));
    };
    const auto z = order(Normalization::z_score);
    const auto min_max = order(Normalization::min_max);
    for (Hit& hit : right) hit.score = 8.0F * hit.score + 16.0F;
    REQUIRE(order(Normalization::z_score) == z);
    REQUIRE(order(Normalization::min_max) == min_max);
  }
}

TEST_CASE("a ranking counts a document it lacks as its own worst") {
  const std::vector<Ranking> rankings = {{{0, 3.0F}, {1, 1.0F}}, {{0, 2.0F}, {1, 1.0F}, {2, 0.0F}}};
  const Ranking mixed = tamis::blend(rankings, {.normalization = Normalization::min_max});
  REQUIRE(mixed == Ranking{{0, 2.0F}, {1, 0.5F}, {2, 0.0F}});
}

TEST_CASE("fusion refuses what it cannot mean") {
  const std::vector<Ranking> twice = {{{4, 2.0F}, {4, 1.0F}}};
  REQUIRE_THROWS_AS(tamis::reciprocal_rank_fusion(twice), tamis::InvalidArgument);
  REQUIRE_THROWS_AS(tamis::blend(twice), tamis::InvalidArgument);
  const std::vector<Ranking> one = {{{4, 2.0F}}};
  REQUIRE_THROWS_AS(tamis::blend(one, {.weights = {1.0, 2.0}}), tamis::InvalidArgument);
  REQUIRE_THROWS_AS(tamis::reciprocal_rank_fusion(one, {.k = -1}), tamis::InvalidArgument);
  const std::vector<Ranking> broken = {{{4, std::numeric_limits<float>::infinity()}}};
  REQUIRE_THROWS_AS(tamis::blend(broken), tamis::InvalidArgument);
  REQUIRE(tamis::reciprocal_rank_fusion({}).empty());
  REQUIRE(tamis::blend(std::vector<Ranking>{{}, {}}).empty());
}

TEST_CASE("a union takes the first of each ranking, then the second of each") {
  const std::vector<Ranking> rankings{{{0, 9.0F}, {1, 8.0F}, {2, 7.0F}}, {{3, 0.9F}, {1, 0.8F}}};
  const Ranking united = tamis::rank_union(rankings);
  CHECK(united == Ranking{{0, 1.0F}, {3, 1.0F}, {1, 0.5F}, {2, 1.0F / 3}});
  CHECK(tamis::rank_union(std::vector<Ranking>{}).empty());
}
