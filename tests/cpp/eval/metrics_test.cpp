// tests/cpp/eval/metrics_test.cpp: by hand, by law, and against trec_eval.
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include <tamis/eval/metrics.hpp>

#include "support/catch.hpp"

using std::vector;

namespace {

struct Golden {
  vector<int> ranked;
  vector<int> judged;
  double ndcg_at_10;
  double reciprocal_rank;
  double recall_at_5;
  double average_precision;
};

// clang-format off
const vector<Golden> kGolden = {
#include "eval/trec_eval_golden.inc"
};
// clang-format on

}  // namespace

TEST_CASE("equal to trec_eval") {
  for (const Golden& golden : kGolden) {
    const auto near = [](double value) { return Approx(value).margin(1e-12); };
    REQUIRE(tamis::ndcg(golden.ranked, golden.judged, 10) == near(golden.ndcg_at_10));
    REQUIRE(tamis::reciprocal_rank(golden.ranked, tamis::kNoCutoff) ==
            near(golden.reciprocal_rank));
    REQUIRE(tamis::recall(golden.ranked, golden.judged, 5) == near(golden.recall_at_5));
    REQUIRE(tamis::average_precision(golden.ranked, golden.judged) ==
            near(golden.average_precision));
  }
}

TEST_CASE("nDCG by hand, with the grade as gain") {
  const vector<int> ranked = {0, 3, 1};
  const vector<int> judged = {1, 3, 2};
  const double gained = 3 / std::log2(3.0) + 1 / std::log2(4.0);
  const double ideal = 3 / std::log2(2.0) + 2 / std::log2(3.0) + 1 / std::log2(4.0);
  REQUIRE(tamis::ndcg(ranked, judged, 10) == Approx(gained / ideal));
  REQUIRE(tamis::ndcg(ranked, judged, 1) == 0.0);
  REQUIRE(tamis::ndcg(vector{-2, 3}, vector{3, -2, -2}, 10) == Approx(1 / std::log2(3.0)));
}

TEST_CASE("reciprocal rank, recall and average precision by hand") {
  const vector<int> ranked = {0, 1, 0, 2, 0};
  const vector<int> judged = {1, 2, 1};
  REQUIRE(tamis::reciprocal_rank(ranked) == 0.5);
  REQUIRE(tamis::reciprocal_rank(ranked, 1) == 0.0);
  REQUIRE(tamis::reciprocal_rank(ranked, 10, 2) == 0.25);
  REQUIRE(tamis::recall(ranked, judged, 2) == Approx(1.0 / 3));
  REQUIRE(tamis::recall(ranked, judged, 100) == Approx(2.0 / 3));
  REQUIRE(tamis::average_precision(ranked, judged) == Approx((1.0 / 2 + 2.0 / 4) / 3));
  REQUIRE(tamis::average_precision(ranked, judged, 2) == Approx(0.5 / 3));
}

TEST_CASE("nothing relevant, nothing retrieved, nothing asked") {
  const vector<int> none;
  const vector<int> judged = {0, 0};
  REQUIRE(tamis::ndcg(none, judged) == 0.0);
  REQUIRE(tamis::ndcg(vector{0, 0}, judged) == 0.0);
  REQUIRE(tamis::recall(none, judged, 5) == 0.0);
  REQUIRE(tamis::average_precision(none, vector{1}) == 0.0);
  REQUIRE(tamis::reciprocal_rank(none) == 0.0);
  REQUIRE_THROWS_AS(tamis::ndcg(none, judged, 0), tamis::InvalidArgument);
  REQUIRE_THROWS_AS(tamis::recall(none, judged, 0), tamis::InvalidArgument);
}

TEST_CASE("metrics lie in [0, 1], are 1 for the ideal order, and grow when a swap helps") {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    vector<int> ranked(1 + random() % 30);
    for (int& grade : ranked) grade = static_cast<int>(random() % 4);
    ranked[0] = std::max(ranked[0], 1);
    vector<int> ideal = ranked;
    std::sort(ideal.begin(), ideal.end(), std::greater<>());
    REQUIRE(tamis::ndcg(ideal, ranked, 10) == Approx(1.0));
    REQUIRE(tamis::average_precision(ideal, ranked) == Approx(1.0));
    REQUIRE(tamis::recall(ranked, ranked, ranked.size()) == 1.0);
    const auto place = random() % ranked.size();
    const auto later = place + random() % (ranked.size() - place);
    vector<int> better = ranked;
    if (better[place] < better[later]) std::swap(better[place], better[later]);
    for (const std::size_t cutoff : {1U, 5U, 10U}) {
      const double before = tamis::ndcg(ranked, ranked, cutoff);
      REQUIRE((0.0 <= before && before <= 1.0 + 1e-12));
      REQUIRE(tamis::ndcg(better, ranked, cutoff) >= before - 1e-12);
      REQUIRE(tamis::reciprocal_rank(better, cutoff) >= tamis::reciprocal_rank(ranked, cutoff));
      REQUIRE(tamis::recall(better, ranked, cutoff) >= tamis::recall(ranked, ranked, cutoff));
    }
    REQUIRE(tamis::average_precision(better, ranked) >=
            tamis::average_precision(ranked, ranked) - 1e-12);
  }
}
