// tests/cpp/eval/bootstrap_test.cpp
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <tamis/eval/bootstrap.hpp>

#include "support/catch.hpp"

using std::vector;

TEST_CASE("a constant gain has an interval of no width") {
  const vector<double> before = {0.0, 0.25, 0.5};
  const vector<double> after = {0.25, 0.5, 0.75};
  const auto gain = tamis::paired_bootstrap(before, after);
  REQUIRE(gain.mean == Approx(0.25));
  REQUIRE(gain.low == Approx(0.25));
  REQUIRE(gain.high == Approx(0.25));
  REQUIRE(gain.excludes_zero());
  REQUIRE_FALSE(tamis::paired_bootstrap(before, before).excludes_zero());
}

TEST_CASE("the interval is the normal one where the mean is nearly normal") {
  std::mt19937 random(3);
  vector<double> before(400, 0.0);
  vector<double> after(400);
  double sum = 0;
  double squares = 0;
  for (double& value : after) {
    value = static_cast<double>(random() % 1000) / 1000.0;
    sum += value;
    squares += value * value;
  }
  const double mean = sum / 400;
  const double error = std::sqrt((squares / 400 - mean * mean) / 400);
  const auto gain = tamis::paired_bootstrap(before, after);
  REQUIRE(gain.mean == Approx(mean));
  REQUIRE(gain.low == Approx(mean - 1.96 * error).margin(0.1 * error));
  REQUIRE(gain.high == Approx(mean + 1.96 * error).margin(0.1 * error));
}

TEST_CASE("a seed gives one interval, exchanging the systems mirrors it, confidence widens it") {
  const vector<double> before = {0.1, 0.9, 0.4, 0.2, 0.6};
  const vector<double> after = {0.3, 0.7, 0.9, 0.2, 0.8};
  const auto gain = tamis::paired_bootstrap(before, after, {.seed = 5});
  const auto again = tamis::paired_bootstrap(before, after, {.seed = 5});
  REQUIRE((gain.low == again.low && gain.high == again.high));
  const auto mirrored = tamis::paired_bootstrap(after, before, {.seed = 5});
  REQUIRE(mirrored.low == Approx(-gain.high));
  REQUIRE(mirrored.high == Approx(-gain.low));
  const auto wide = tamis::paired_bootstrap(before, after, {.confidence = 0.99, .seed = 5});
  REQUIRE((wide.low <= gain.low && wide.high >= gain.high));
}

TEST_CASE("the bootstrap refuses what it cannot compare") {
  const vector<double> two = {0.1, 0.2};
  const vector<double> one = {0.1};
  REQUIRE_THROWS_AS(tamis::paired_bootstrap(two, one), tamis::InvalidArgument);
  REQUIRE_THROWS_AS(tamis::paired_bootstrap({}, {}), tamis::InvalidArgument);
  REQUIRE_THROWS_AS(tamis::paired_bootstrap(one, one, {.resamples = 0}), tamis::InvalidArgument);
  REQUIRE_THROWS_AS(tamis::paired_bootstrap(one, one, {.confidence = 1}), tamis::InvalidArgument);
  const vector<double> broken = {std::numeric_limits<double>::quiet_NaN()};
  REQUIRE_THROWS_AS(tamis::paired_bootstrap(one, broken), tamis::InvalidArgument);
}
