// The activations that models name.
#include <cmath>
#include <limits>
#include <vector>

#include <tamis/score/activation.hpp>

#include "support/catch.hpp"

TEST_CASE("the sigmoid is finite and monotone far from zero", "[score]") {
  CHECK(tamis::sigmoid(0.0F) == 0.5F);
  CHECK(tamis::sigmoid(200.0F) == 1.0F);
  CHECK(tamis::sigmoid(-200.0F) >= 0.0F);
  CHECK(tamis::sigmoid(-80.0F) > 0.0F);
  for (float x = -30; x < 10; x += 0.25F) CHECK(tamis::sigmoid(x) < tamis::sigmoid(x + 0.25F));
}

TEST_CASE("the sigmoid equals the formula in double precision", "[score]") {
  for (double x = -20; x <= 20; x += 0.37) {
    CHECK(
        tamis::sigmoid(static_cast<float>(x)) ==
        Approx(1.0 / (1.0 + std::exp(-static_cast<double>(static_cast<float>(x))))).epsilon(1e-6));
  }
}

TEST_CASE("activations are found by name and applied in place", "[score]") {
  std::vector<float> scores{-1, 0, 2};
  tamis::apply_activation(tamis::activation_from_name("identity"), scores);
  CHECK(scores == std::vector<float>{-1, 0, 2});
  tamis::apply_activation(tamis::activation_from_name("tanh"), scores);
  CHECK(scores[2] == std::tanh(2.0F));
  CHECK_THROWS_AS(tamis::activation_from_name("softplus"), tamis::InvalidArgument);
}

TEST_CASE("a greater logit never has a smaller sigmoid", "[score]") {
  bool falls = false;
  float before = 0;
  for (float x = -4.0F; x < 4.0F; x = std::nextafter(x + 1e-6F, 5.0F)) {
    const float score = tamis::sigmoid(x);
    falls = falls || score < before;
    before = score;
  }
  CHECK_FALSE(falls);
}
