#include "late_interaction/passage_cache.hpp"

#include "late_interaction/token_rows.hpp"
#include "support/catch.hpp"

namespace {

constexpr std::size_t kWidth = 8;

tamis::EncodedPassage passage(std::uint32_t rows) {
  const std::vector<float> values(rows * kWidth, 0.5F);
  return {tamis::quantize_rows(values, kWidth), rows, 0};
}

}  // namespace

TEST_CASE("the cache keeps what was used last", "[late_interaction]") {
  tamis::PassageCache one(100000, kWidth);
  one.keep("a", passage(3));
  tamis::PassageCache cache(2 * one.bytes(), kWidth);
  cache.keep("a", passage(3));
  cache.keep("b", passage(3));
  CHECK(cache.find("a"));
  cache.keep("c", passage(3));
  CHECK(cache.find("a"));
  CHECK_FALSE(cache.find("b"));
  CHECK(cache.find("c"));
  CHECK(cache.bytes() == 2 * one.bytes());
}

TEST_CASE("the cache never passes its limit", "[late_interaction]") {
  tamis::PassageCache none(0, kWidth);
  none.keep("a", passage(3));
  CHECK(none.bytes() == 0);
  CHECK_FALSE(none.find("a"));
  tamis::PassageCache small(1000, kWidth);
  small.keep("a", passage(2));
  small.keep("too large", passage(200));
  CHECK(small.find("a"));
  for (int i = 0; i < 50; ++i) {
    small.keep(std::to_string(i), passage(2));
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
