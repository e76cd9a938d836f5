// Stages that select: threshold, deduplicate, diversify.
#include <chrono>
#include <cmath>
#include <memory>
#include <string_view>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/select.hpp>

#include "support/catch.hpp"

using tamis::AnyStage;
using tamis::Selected;

namespace {

Selected selected(const AnyStage& stage, std::vector<std::string_view> texts,
                  std::vector<float> scores = {}) {
  const tamis::Deadline deadline(std::make_shared<tamis::SteadyClock>());
  const tamis::CancelToken cancel;
  return std::get<Selected>(stage({"query", texts, texts, scores, deadline, cancel}));
}

using Order = std::vector<std::size_t>;

}  // namespace

TEST_CASE("threshold is inclusive and needs scores") {
  const AnyStage stage = tamis::stages::threshold(0.5F);
  CHECK(selected(stage, {"a", "b", "c"}, {0.9F, 0.5F, 0.4F}).order == Order{0, 1});
  CHECK_THROWS_AS(selected(stage, {"a", "b"}), tamis::Error);
  CHECK(selected(stage, {}).order.empty());
  CHECK(stage.traits().needs_calibrated);
  CHECK_THROWS_AS(tamis::stages::threshold(std::nanf("")), tamis::InvalidArgument);
}

TEST_CASE("deduplicate keeps the first of equal texts and counts the others") {
  const Selected found = selected(tamis::stages::deduplicate(), {"a", "b", "a", "", "b", ""});
  CHECK(found.order == Order{0, 1, 3});
  CHECK(found.duplicates == 3);
}

TEST_CASE("diversify is a permutation that puts the unlike first") {
  const std::vector<std::string_view> texts{"red fox jumps", "red fox jumps high",
                                            "blue whale sings", "red fox sleeps"};
  const Selected found = selected(tamis::stages::diversify(4, 0.2), texts);
  CHECK(found.order == Order{0, 2, 3, 1});
  CHECK(selected(tamis::stages::diversify(4, 1.0), texts).order == Order{0, 1, 2, 3});
  CHECK(selected(tamis::stages::diversify(2, 0.5), texts).order == Order{0, 2, 1, 3});
  CHECK_THROWS_AS(tamis::stages::diversify(4, 1.5), tamis::InvalidArgument);
}

TEST_CASE("diversify stops at the deadline, and when it is cancelled") {
  const auto clock = std::make_shared<tamis::ManualClock>();
  const AnyStage stage = tamis::stages::diversify(4, 0.2, [&](std::string_view, std::string_view) {
    clock->advance(std::chrono::milliseconds(1));
    return 1.0;
  });
  const std::vector<std::string_view> texts{"a", "b", "c", "d", "e"};
  const auto deadline = tamis::Deadline(clock).within(std::chrono::milliseconds(6));
  tamis::CancelToken cancel;
  const tamis::StageCall call{"query", texts, texts, {}, deadline, cancel};
  const auto found = std::get<Selected>(stage(call));
  CHECK(found.order == Order{0, 1, 2, 3, 4});
  CHECK(found.cut == "the deadline came after 2 of 4 candidates were chosen");
  CHECK(clock->now().time_since_epoch() == std::chrono::milliseconds(6));
  cancel.cancel();
  CHECK_THROWS_AS(stage(call), tamis::Cancelled);
  const tamis::Cascade cascade({{stage, {.keep = 3}}}, {.budget_ms = 1, .clock = clock});
  const tamis::CascadeResult result =
      cascade.run("query", {{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}});
  CHECK(result.trace.degraded);
  CHECK(result.trace.stages[0].cut == "the deadline came after 1 of 4 candidates were chosen");
  CHECK(result.hits.size() == 3);
}

TEST_CASE("word overlap") {
  CHECK(tamis::stages::word_overlap("a b c", "b c d") == Approx(0.5));
  CHECK(tamis::stages::word_overlap("", "") == 1.0);
  CHECK(tamis::stages::word_overlap("  a\tb ", "b a") == 1.0);
  CHECK(tamis::stages::word_overlap("a", "") == 0.0);
}
