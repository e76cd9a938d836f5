// A scorer survives the way through plain C data: values, errors, ownership.
#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/score/scorer_abi.hpp>

#include "support/catch.hpp"

namespace {

struct SumOfIds {
  std::shared_ptr<int> alive = std::make_shared<int>(0);
  std::string fails_with;

  void score(std::span<const tamis::PackedView> views, std::span<float> logits) const {
    if (fails_with == "argument") throw tamis::InvalidArgument("bad argument");
    if (fails_with == "model") throw tamis::ModelError("bad model");
    if (fails_with == "device") throw tamis::DeviceError(std::string(5000, 'x'));
    if (fails_with == "other") throw std::runtime_error("something else");
    std::size_t row = 0;
    for (const tamis::PackedView& view : views) {
      for (std::size_t i = 0; i < view.pairs; ++i) {
        float sum = 0;
        for (auto t = view.cu_seqlens[i]; t < view.cu_seqlens[i + 1]; ++t) {
          sum += static_cast<float>(view.ids[t]);
        }
        logits[row++] = sum;
      }
    }
  }
  [[nodiscard]] std::size_t labels() const { return 1; }
  [[nodiscard]] std::string description() const { return "sum of ids"; }
};

tamis::AbiScorer through_abi(SumOfIds scorer) {
  const tamis::ScorerAbi abi = tamis::make_scorer_abi(std::move(scorer));
  tamis::AbiScorer shared(abi);
  abi.release(abi.context);
  return shared;
}

std::vector<tamis::PackedBatch> two_batches() {
  const auto pair = [](std::vector<tamis::TokenId> ids) {
    tamis::EncodedPair encoded;
    encoded.type_ids.assign(ids.size(), 0);
    encoded.ids = std::move(ids);
    return encoded;
  };
  const std::vector<tamis::EncodedPair> pairs = {pair({1, 2}), pair({3}), pair({4, 5, 6})};
  const std::vector<std::uint32_t> first = {0, 1};
  const std::vector<std::uint32_t> second = {2};
  return {tamis::pack(pairs, first), tamis::pack(pairs, second)};
}

}  // namespace

TEST_CASE("logits come through the C interface in batch order") {
  const tamis::AnyScorer scorer = through_abi({});
  const auto batches = two_batches();
  std::vector<float> logits(3);
  scorer.score(batches, logits);
  CHECK(logits == std::vector<float>{3, 3, 15});
  CHECK(scorer.labels() == 1);
  CHECK(scorer.description() == "sum of ids");
}

TEST_CASE("errors come through the C interface with their class and text") {
  const auto batches = two_batches();
  std::vector<float> logits(3);
  const auto failing = [&](const char* how) {
    through_abi({.fails_with = how}).score(batches, logits);
  };
  CHECK_THROWS_AS(failing("argument"), tamis::InvalidArgument);
  CHECK_THROWS_AS(failing("model"), tamis::ModelError);
  CHECK_THROWS_AS(failing("other"), tamis::Error);
  try {
    failing("device");
    FAIL("nothing was thrown");
  } catch (const tamis::DeviceError& error) {
    const std::string text = error.what();  // cut to the buffer, and terminated
    CHECK(text.size() == 2047);
    CHECK(std::all_of(text.begin(), text.end(), [](char c) { return c == 'x'; }));
  }
  std::vector<float> few(2);
  CHECK_THROWS_AS(through_abi({}).score(batches, few), tamis::InvalidArgument);
}

TEST_CASE("the scorer lives as long as its last owner") {
  SumOfIds scorer;
  const std::weak_ptr<int> alive = scorer.alive;
  {
    const tamis::AbiScorer one = through_abi(std::move(scorer));
    scorer.alive.reset();
    const tamis::AbiScorer two = one;  // NOLINT(performance-unnecessary-copy-initialization)
    CHECK_FALSE(alive.expired());
  }
  CHECK(alive.expired());
}

TEST_CASE("a scorer of another interface version is refused") {
  tamis::ScorerAbi abi = tamis::make_scorer_abi(SumOfIds{});
  abi.version += 1;
  CHECK_THROWS_AS(tamis::AbiScorer(abi), tamis::ModelError);
  abi.release(abi.context);
}
