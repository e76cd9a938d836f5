// MaxSim by ATen, on torch's CPU device; types and a GPU are tested from Python.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/late_interaction/device_maxsim.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

namespace {

using tamis::DeviceMaxSimOptions;
using tamis::DeviceVectors;
using tamis::TokenVectors;

const std::vector<float> kQuery{1, 0, 0, 2};               // [2, 2]
const std::vector<float> kPage{3, 0, 0, 1, 5, 5, -1, -1};  // [4, 2]
const TokenVectors kAsked{.data = kQuery.data(), .rows = 2, .width = 2};
const TokenVectors kWhole{.data = kPage.data(), .rows = 4, .width = 2};

std::vector<float> by_aten(const TokenVectors& query, const std::vector<TokenVectors>& documents,
                           DeviceMaxSimOptions options = {}, bool on_device = false) {
  options.device = "cpu";
  std::vector<DeviceVectors> given;
  for (const TokenVectors& one : documents) {
    given.push_back({.vectors = one, .on_device = on_device});
  }
  return tamis::device_maxsim({.vectors = query, .on_device = on_device}, given, options);
}

}  // namespace

TEST_CASE("on a device, the sum over the query's vectors of the greatest product",
          "[device_maxsim]") {
  const TokenVectors two{.data = kPage.data(), .rows = 2, .width = 2};
  const std::vector<std::uint8_t> mask{1, 1, 0, 1};
  const TokenVectors masked{.data = kPage.data(), .rows = 4, .width = 2, .mask = mask};
  const TokenVectors every_second{.data = kPage.data(), .rows = 2, .width = 2, .stride = 16};
  for (const std::size_t max_rows : {0, 1, 5}) {
    for (const bool on_device : {false, true}) {
      CHECK(by_aten(kAsked, {kWhole, two, masked, every_second}, {.max_rows = max_rows},
                    on_device) == std::vector<float>{15, 5, 5, 15});
    }
  }
  CHECK(by_aten(kAsked, {}).empty());
}

TEST_CASE("on a device, documents that lie side by side are read as they are", "[device_maxsim]") {
  std::mt19937 random(3);
  std::vector<float> rows(60 * 4);
  for (float& value : rows) value = std::normal_distribution<float>()(random);
  std::vector<std::int8_t> codes;
  for (const float value : rows) codes.push_back(static_cast<std::int8_t>(value * 20));
  std::vector<std::uint8_t> mask(60, 1);
  for (std::size_t i = 0; i < mask.size(); i += 7) mask[i] = 0;
  std::vector<float> scales;
  for (std::size_t i = 0; i < 60; ++i) scales.push_back(rows[i]);

  std::vector<TokenVectors> documents;
  for (std::size_t first = 0, size = 2; first + size <= 60; first += size++) {
    const std::span<const std::uint8_t> own_mask = std::span(mask).subspan(first, size);
    const std::span<const float> own_scales = std::span(scales).subspan(first, size);
    TokenVectors floats{.data = rows.data() + first * 4, .rows = size, .width = 4};
    if (size % 3 != 0) floats.mask = own_mask;
    TokenVectors bytes{.data = codes.data() + first * 4,
                       .rows = size,
                       .width = 4,
                       .type = tamis::VectorType::int8,
                       .mask = own_mask};
    if (size % 4 != 0) bytes.scales = size % 4 == 1 ? std::span(scales).first(1) : own_scales;
    documents.push_back(floats);
    documents.push_back(bytes);
  }
  // All of one type, then of the other, so that neighbours touch.
  std::stable_sort(documents.begin(), documents.end(),
                   [](const auto& a, const auto& b) { return a.type < b.type; });
  const TokenVectors query{.data = rows.data(), .rows = 5, .width = 4};
  const std::vector<float> expected = tamis::maxsim(query, documents);
  for (const std::size_t max_rows : {0, 1, 9, 30}) {
    const std::vector<float> found = by_aten(query, documents, {.max_rows = max_rows});
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]));
  }
}

TEST_CASE("what a device refuses is what the engine refuses", "[device_maxsim]") {
  const auto message = [](const TokenVectors& page, bool on_device = false) {
    return message_of<tamis::InvalidArgument>([&] {
      (void)by_aten(kAsked, {kWhole, page}, {}, on_device);
    });
  };
  CHECK(contains(message({.data = kPage.data(), .rows = 1, .width = 3}), "3 elements"));
  CHECK(contains(message({.data = kPage.data(), .rows = 0, .width = 2}), "no vector"));
  const std::vector<std::uint8_t> none{0, 0};
  for (const bool on_device : {false, true}) {
    CHECK(contains(message({.data = kPage.data(), .rows = 2, .width = 2, .mask = none}, on_device),
                   "document 1 has no vector"));
  }
  for (const float bad :
       {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
        std::numeric_limits<float>::quiet_NaN()}) {
    const std::vector<float> rows{1, 2, 0, bad};
    const TokenVectors page{.data = rows.data(), .rows = 2, .width = 2};
    CHECK(contains(message(page), "vector 1 of document 1"));
    CHECK(contains(message_of<tamis::InvalidArgument>([&] { (void)by_aten(page, {kWhole}); }),
                   "vector 1 of the query"));
    const std::vector<std::uint8_t> mask{1, 0};
    TokenVectors masked = page;
    masked.mask = mask;
    CHECK(by_aten(masked, {masked}) == std::vector<float>{5});
  }
  const std::vector<float> large{2e38F, 2e38F};
  CHECK(contains(message({.data = large.data(), .rows = 1, .width = 2}), "overflows"));
}

TEST_CASE("on a device, it can be stopped between products", "[device_maxsim]") {
  tamis::CancelToken token;
  std::vector<std::pair<std::size_t, std::size_t>> told;
  const auto tell = [&](std::size_t done, std::size_t total) {
    told.emplace_back(done, total);
    if (done == 2) token.cancel();
  };
  CHECK_THROWS_AS(by_aten(kAsked, {kWhole, kWhole, kWhole, kWhole},
                          {.max_rows = 4, .progress = tell, .cancel = token}),
                  tamis::Cancelled);
  CHECK(told == std::vector<std::pair<std::size_t, std::size_t>>{{0, 4}, {1, 4}, {2, 4}});
}

TEST_CASE("a device that is not there", "[device_maxsim]") {
  CHECK_THROWS_AS(tamis::device_maxsim({.vectors = kAsked}, {}, {.device = "cuda:99"}),
                  tamis::DeviceError);
  CHECK_THROWS_AS(tamis::device_maxsim({.vectors = kAsked}, {}, {.device = "gpu"}),
                  tamis::InvalidArgument);
}
