// The cost model finds costs again, whatever a few slow calls say.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <tamis/cascade/cost_model.hpp>

#include "support/catch.hpp"

using tamis::CostModel;

namespace {

/// A stage of 8 ms and 0.02 ms a token, with noise; one call of ten waits for something else.
double cost(const CostModel::Work& work, std::mt19937& random) {
  std::normal_distribution<double> noise(1.0, 0.05);
  const double ms = (8 + 0.4 * work.items + 0.02 * work.tokens) * noise(random);
  return random() % 10 == 0 ? 6 * ms : ms;
}

CostModel::Work some_work(std::mt19937& random) {
  const double items = 1 + static_cast<double>(random() % 200);
  return {items, items * (40 + static_cast<double>(random() % 80))};
}

}  // namespace

TEST_CASE("predictions are within 15% at the median, outliers or not") {
  std::mt19937 random(3);
  CostModel model;
  std::vector<double> off;
  for (int call = 0; call < 400; ++call) {
    const CostModel::Work work = some_work(random);
    if (call >= 20) {
      const double truth = 8 + 0.4 * work.items + 0.02 * work.tokens;
      off.push_back(std::abs(model.predict(work) - truth) / truth);
    }
    model.observe(work, cost(work, random));
  }
  std::nth_element(off.begin(), off.begin() + static_cast<std::ptrdiff_t>(off.size() / 2),
                   off.end());
  CHECK(off[off.size() / 2] < 0.15);
}

TEST_CASE("one observation is enough to predict the same again, and more for more") {
  CostModel model;
  CHECK_FALSE(model.knows());
  CHECK(model.predict({10, 700}) == 0);
  model.observe({10, 700}, 50);
  CHECK(model.predict({10, 700}) == Approx(50).epsilon(0.1));
  CHECK(model.predict({20, 1400}) > model.predict({10, 700}));
}

TEST_CASE(
    "calls of one size say nothing of a fixed cost: fewer candidates are predicted to cost less") {
  CostModel model;
  std::mt19937 random(5);
  std::normal_distribution<double> noise(1.0, 0.05);
  for (int i = 0; i < 64; ++i) model.observe({50, 4000}, 500 * noise(random));
  CHECK(model.predict({50, 4000}) == Approx(500).epsilon(0.1));
  CHECK(model.predict({5, 400}) < 100);
}

TEST_CASE("a cost that changed is learnt anew") {
  CostModel model;
  for (int i = 0; i < 100; ++i) model.observe({10.0 + i % 7, 700}, 50);
  for (std::size_t i = 0; i < CostModel::kRemembered; ++i) model.observe({10.0 + i % 7, 700}, 200);
  CHECK(model.predict({12, 700}) == Approx(200).epsilon(0.1));
}

TEST_CASE("nothing that is no time is learnt, and what was learnt can be kept") {
  CostModel model;
  model.observe({10, 700}, -1);
  model.observe({10, 700}, std::numeric_limits<double>::quiet_NaN());
  model.observe({0, 0}, 5);
  CHECK_FALSE(model.knows());
  model.observe({10, 700}, 50);
  model.observe({40, 2800}, 170);
  const CostModel again(model.observations());
  CHECK(again.predict({25, 1750}) == model.predict({25, 1750}));
}
