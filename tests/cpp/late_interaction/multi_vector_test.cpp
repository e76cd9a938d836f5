// MaxSim of vectors that the caller has; every type and instruction set is tested from Python.
#include <cstdint>
#include <limits>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/late_interaction/multi_vector.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

using tamis::maxsim;
using tamis::TokenVectors;

const std::vector<float> kQuery{1, 0, 0, 2};               // [2, 2]
const std::vector<float> kPage{3, 0, 0, 1, 5, 5, -1, -1};  // [4, 2]
const TokenVectors kAsked{.data = kQuery.data(), .rows = 2, .width = 2};

}  // namespace

TEST_CASE("the sum over the query's vectors of the greatest product", "[multi_vector]") {
  const TokenVectors all{.data = kPage.data(), .rows = 4, .width = 2};
  const TokenVectors two{.data = kPage.data(), .rows = 2, .width = 2};
  const std::vector<std::uint8_t> mask{1, 1, 0, 1};
  const TokenVectors masked{.data = kPage.data(), .rows = 4, .width = 2, .mask = mask};
  const TokenVectors every_second{.data = kPage.data(), .rows = 2, .width = 2, .stride = 16};
  const std::vector<TokenVectors> pages{all, two, masked, every_second};
  CHECK(maxsim(kAsked, pages) == std::vector<float>{15, 5, 5, 15});
  CHECK(maxsim(kAsked, {}).empty());
}

TEST_CASE("int8 has a scale for each row, or one for all", "[multi_vector]") {
  const std::vector<std::int8_t> codes{100, 0, 0, -128};
  const std::vector<float> scales{0.5F, 0.25F};
  TokenVectors page{.data = codes.data(), .rows = 2, .width = 2, .type = tamis::VectorType::int8};
  CHECK(maxsim(kAsked, std::vector{page}) == std::vector<float>{100});
  page.scales = scales;
  CHECK(maxsim(kAsked, std::vector{page}) == std::vector<float>{50});
  page.scales = std::span(scales).first(1);
  CHECK(maxsim(kAsked, std::vector{page}) == std::vector<float>{50});
}

TEST_CASE("what maxsim refuses", "[multi_vector]") {
  const auto message = [](const TokenVectors& page) {
    return message_of<tamis::InvalidArgument>([&] { (void)maxsim(kAsked, std::vector{page}); });
  };
  CHECK(contains(message({.data = kPage.data(), .rows = 1, .width = 3}), "3 elements"));
  CHECK(contains(message({.data = kPage.data(), .rows = 0, .width = 2}), "no vector"));
  CHECK(contains(message({.data = kPage.data(), .rows = 2, .width = 2, .stride = 6}),
                 "6 bytes apart"));
  const std::vector<std::uint8_t> mask{1};
  CHECK(contains(message({.data = kPage.data(), .rows = 2, .width = 2, .mask = mask}),
                 "1 elements for 2"));
  const std::vector<float> bad{1, 2, 0, std::numeric_limits<float>::infinity()};
  CHECK(contains(message({.data = bad.data(), .rows = 2, .width = 2}), "vector 1"));
}
