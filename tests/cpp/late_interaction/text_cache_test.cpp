#include "late_interaction/text_cache.hpp"

#include "late_interaction/token_rows.hpp"
#include "support/catch.hpp"

namespace {

constexpr std::size_t kWidth = 8;

}  // namespace

TEST_CASE("the cache keeps what was used last", "[late_interaction]") {
  tamis::TextCache<int> one(100000);
  one.keep("a", 1, 36);
  tamis::TextCache<int> cache(2 * one.bytes());
  cache.keep("a", 1, 36);
  cache.keep("b", 2, 36);
  CHECK(cache.find("a") == 1);
  cache.keep("c", 3, 36);
  CHECK(cache.find("a") == 1);
  CHECK_FALSE(cache.find("b"));
  CHECK(cache.find("c") == 3);
  CHECK(cache.bytes() == 2 * one.bytes());
}

TEST_CASE("the cache never passes its limit", "[late_interaction]") {
  tamis::TextCache<int> none(0);
  none.keep("a", 1, 36);
  CHECK(none.bytes() == 0);
  CHECK_FALSE(none.find("a"));
  tamis::TextCache<int> small(1000);
  small.keep("a", 1, 24);
  small.keep("too large", 2, 2400);
  CHECK(small.find("a"));
  for (int i = 0; i < 50; ++i) {
    small.keep(std::to_string(i), i, 24);
    CHECK(small.bytes() <= 1000);
  }
}

TEST_CASE("a row comes back within half a level", "[late_interaction]") {
  std::vector<float> row(kWidth);
  for (std::size_t i = 0; i < kWidth; ++i) row[i] = 0.07F * static_cast<float>(i) - 0.3F;
  const auto bytes = tamis::quantize_rows(row, kWidth);
  std::vector<float> back(kWidth);
  tamis::read_row(bytes.get(), kWidth, back.data());
  for (std::size_t i = 0; i < kWidth; ++i)
    CHECK(std::abs(back[i] - row[i]) <= 0.3F / 127 / 2 + 1e-6F);
  const auto zeros = tamis::quantize_rows(std::vector<float>(kWidth), kWidth);
  tamis::read_row(zeros.get(), kWidth, back.data());
  CHECK(back == std::vector<float>(kWidth));
}
