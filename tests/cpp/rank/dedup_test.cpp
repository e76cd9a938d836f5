// tests/cpp/rank/dedup_test.cpp
#include <cstddef>
#include <string>
#include <vector>

#include <tamis/rank/dedup.hpp>

#include "rank/random_scores.hpp"
#include "support/catch.hpp"

using tamis::Merged;
using tamis::Ranking;

TEST_CASE("the best hit of each group stays and says what it stands for") {
  const std::vector<std::string> texts = {"a", "b", "a", "c", "b"};
  const Ranking ranking = {{2, 5.0F}, {1, 4.0F}, {0, 3.0F}, {3, 2.0F}, {4, 1.0F}};
  const auto unique = tamis::deduplicate(ranking, [&](std::size_t i) { return texts[i]; });
  REQUIRE(unique.ranking == Ranking{{2, 5.0F}, {1, 4.0F}, {3, 2.0F}});
  REQUIRE(unique.merged == std::vector<Merged>{{0, 2}, {4, 1}});
}

TEST_CASE("deduplication loses no hit and changes nothing the second time") {
  const auto key = [](std::size_t index) { return index % 9; };
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Ranking ranking = tamis::test::random_ranking(seed, 3 * seed);
    const auto once = tamis::deduplicate(ranking, key);
    REQUIRE(once.ranking.size() + once.merged.size() == ranking.size());
    const auto twice = tamis::deduplicate(once.ranking, key);
    REQUIRE(twice.ranking == once.ranking);
    REQUIRE(twice.merged.empty());
  }
}
