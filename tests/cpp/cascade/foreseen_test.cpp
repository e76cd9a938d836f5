// What a cascade foresees of its stages' time, on a clock that moves when it is told to.
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cascade/cascade.hpp>

#include "cascade/some_stages.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::chrono_literals;
using namespace some;
using tamis::Cascade;
using tamis::CascadeStage;

TEST_CASE("a known cost shrinks the pool before the stage starts") {
  const auto clock = std::make_shared<ManualClock>();
  const auto stages = [&](std::size_t limit) {
    return std::vector<CascadeStage>{{longest(clock, 10ms), {.keep = 50, .limit = limit}}};
  };
  const Cascade teacher(stages(50), {.clock = clock});
  for (const std::size_t count : {5U, 20U, 50U, 35U}) {
    (void)teacher.run("query", candidates(count));
  }
  const Cascade cascade(stages(50), {.budget_ms = 200, .clock = clock});
  cascade.learn(teacher.costs());
  const CascadeResult result = cascade.run("query", candidates(50));
  CHECK(result.trace.stages[0].scored >= 16);
  CHECK(result.trace.stages[0].scored <= 20);
  CHECK(*result.trace.stages[0].predicted_ms ==
        Approx(result.trace.stages[0].real_ms).epsilon(.15));
  CHECK(result.trace.total_ms <= 200);
  CHECK(result.hits.size() == 50);
}

TEST_CASE("what was learnt predicts the same in another process") {
  const auto clock = std::make_shared<ManualClock>();
  // A long query: many more tokens than the texts' bytes tell.
  const AnyStage stage{{.name = "read", .scorer = "read"},
                       [clock](const tamis::StageCall& call) -> tamis::StageResult {
                         const std::size_t tokens = 40 * call.texts.size();
                         clock->advance(1ms * tokens);
                         return tamis::Scored{.scores = std::vector<float>(call.texts.size()),
                                              .tokens = tokens};
                       }};
  const auto predicted = [&](const Cascade& cascade) {
    return cascade.run("q", candidates(10)).trace.stages[0].predicted_ms;
  };
  const std::vector<CascadeStage> stages{{stage, {.keep = 50, .limit = 50}}};
  const Cascade teacher(stages, {.clock = clock});
  for (int i = 0; i < 3; ++i) (void)predicted(teacher);
  const Cascade other(stages, {.clock = clock});
  CHECK_FALSE(predicted(Cascade(stages, {.clock = clock})));
  other.learn(teacher.costs());
  CHECK(*predicted(other) == Approx(400).epsilon(.15));
}

TEST_CASE("searches and selections are foreseen too") {
  const auto clock = std::make_shared<ManualClock>();
  const AnyStage search{{.name = "search", .kind = tamis::StageKind::retrieve},
                        [clock](const tamis::StageCall&) -> tamis::StageResult {
                          clock->advance(30ms);
                          return tamis::Retrieved{candidates(8)};
                        }};
  const AnyStage every{{.name = "all", .kind = tamis::StageKind::select},
                       [clock](const tamis::StageCall& call) -> tamis::StageResult {
                         clock->advance(2ms * call.texts.size());
                         tamis::Selected all;
                         for (std::size_t i = 0; i < call.texts.size(); ++i) all.order.push_back(i);
                         return all;
                       }};
  const Cascade cascade({{search, {.keep = 8}}, {every, {.keep = 4}}}, {.clock = clock});
  CHECK_FALSE(cascade.run("query").trace.stages[0].predicted_ms);
  (void)cascade.run("query");
  const tamis::Trace trace = cascade.run("query").trace;
  CHECK(*trace.stages[0].predicted_ms == Approx(30).epsilon(.05));
  CHECK(*trace.stages[1].predicted_ms == Approx(16).epsilon(.05));
}

TEST_CASE("a stage that was too slow once is tried again after a while") {
  const auto clock = std::make_shared<ManualClock>();
  std::chrono::milliseconds each = 100ms;
  const AnyStage stage{tamis::StageTraits{.name = "slow", .scorer = "slow"},
                       [&](const tamis::StageCall& call) -> tamis::StageResult {
                         clock->advance(each * call.texts.size());
                         return tamis::Scored{.scores = std::vector<float>(call.texts.size())};
                       }};
  const Cascade cascade({{stage, {.keep = 4, .limit = 9, .breaker_ms = 1000}}},
                        {.budget_ms = 30, .clock = clock});
  std::vector<Candidate> alike = candidates(4);
  for (Candidate& candidate : alike) candidate.text = "some text";
  const auto run = [&] { return cascade.run("q", alike).trace.stages[0]; };
  CHECK(run().scored == 4);
  each = 1ms;
  for (int i = 0; i < 2; ++i) {
    const auto starved = run();
    CHECK(starved.scored == 0);
    CHECK(contains(*starved.skipped, "not one candidate fits"));
  }
  clock->advance(1001ms);
  const auto tried = run();
  CHECK(tried.scored == 1);
  CHECK(contains(*tried.cut, "1 of 4 candidates"));
  CHECK(run().scored == 4);
}

TEST_CASE("small calls on a busy machine do not shut a stage out") {
  const auto clock = std::make_shared<ManualClock>();
  std::chrono::milliseconds each = 6ms;
  const AnyStage stage{tamis::StageTraits{.name = "busy", .scorer = "busy", .divisible = true},
                       [&](const tamis::StageCall& call) -> tamis::StageResult {
                         clock->advance(each * call.texts.size());
                         return tamis::Scored{.scores = std::vector<float>(call.texts.size())};
                       }};
  const Cascade cascade({{stage, {.keep = 50, .limit = 50}}}, {.budget_ms = 310, .clock = clock});
  const auto scored = [&] { return cascade.run("q", candidates(50)).trace.stages[0].scored; };
  for (int i = 0; i < 4; ++i) CHECK(scored() > 40);
  each = 20ms;
  for (int i = 0; i < 3; ++i) CHECK(scored() > 8);
  each = 6ms;
  for (int i = 0; i < 3; ++i) CHECK(scored() > 8);
}

TEST_CASE("a run is asked for with options in braces") {
  const Cascade cascade(
      {{tamis::stages::retrieve("found", [](std::string_view) { return candidates(3); }),
        {.keep = 3}}});
  CHECK(cascade.run("q", {.budget_ms = 300}).hits.size() == 3);
  const std::vector<std::string_view> queries{"a", "b"};
  CHECK(cascade.run_many(queries, {.budget_ms = 300}).size() == 2);
}

TEST_CASE("where not one candidate fits the fallbacks are asked at once") {
  const auto clock = std::make_shared<ManualClock>();
  for (const bool many : {false, true}) {
    const Cascade cascade(
        {{longest(clock, 40ms, "slow"), {.keep = 4, .limit = 4, .fallback = {longest()}}}},
        {.budget_ms = 4, .clock = clock});
    std::vector<Candidate> texts = candidates(4);
    for (Candidate& candidate : texts) candidate.text += "some text";
    (void)cascade.run("q", texts);  // is late, and teaches what it costs
    const auto start = clock->now();
    const CascadeResult result =
        many ? cascade.run_many(std::vector<std::string_view>{"a", "b"}, {texts, texts})[1]
             : cascade.run("q", texts);
    CHECK(clock->now() == start);
    CHECK(ids(result) == "3 2 1 0 ");
    const tamis::StageTrace& stage = result.trace.stages[0];
    CHECK(stage.ran == "longest");
    CHECK(stage.scored == 4);
    CHECK(contains(stage.errors.front(), "not one candidate fits"));
    CHECK(result.trace.degraded);
  }
}
