// Order, budget and blend of a cascade, on a clock that moves when it is told to.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/select.hpp>

#include "cascade/some_stages.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::chrono_literals;
using namespace some;
using tamis::Cascade;
using tamis::CascadeStage;
using tamis::OnError;

TEST_CASE("candidates that a stage may leave without a score go below those that have one") {
  for (const bool gaps : {true, false}) {
    const AnyStage odd{{.name = "odd", .scorer = "odd"},
                       [gaps](const tamis::StageCall& call) -> tamis::StageResult {
                         tamis::Scored scored{.gaps = gaps};
                         for (const std::string_view text : call.texts) {
                           const auto letters = static_cast<float>(text.size());
                           scored.scores.push_back(text.size() % 2 == 1 ? letters : std::nanf(""));
                         }
                         return scored;
                       }};
    const Cascade cascade({{finder(6), {.keep = 5}}, {odd, {.keep = 4, .blend = {{"find", 1.0}}}}});
    const CascadeResult result = cascade.run("query");
    const tamis::StageTrace& stage = result.trace.stages[1];
    CHECK(result.trace.degraded);
    if (gaps) {
      CHECK(ids(result) == "3 1 0 2 ");
      CHECK(stage.scored == 2);
      CHECK(stage.cut == "3 of 5 candidates got no score");
      CHECK(result.hits[0].scores.size() == 2);
      CHECK(result.hits[2].scores.size() == 1);
    } else {
      CHECK(ids(result) == "0 1 2 3 ");
      CHECK(stage.skipped);
    }
  }
}

TEST_CASE("a stage may say which part of a text its score is of") {
  const auto last_letters = [](std::size_t too_many) {
    return tamis::AnyStage({.name = "windows", .divisible = true},
                           [too_many](const tamis::StageCall& call) -> tamis::StageResult {
                             tamis::Scored scored;
                             for (const std::string_view text : call.texts) {
                               const auto size = static_cast<std::uint32_t>(text.size());
                               scored.scores.push_back(static_cast<float>(size));
                               scored.spans.push_back({size / 2, size});
                             }
                             scored.spans.resize(scored.spans.size() + too_many);
                             return scored;
                           });
  };
  const tamis::Cascade cascade({{finder(5), {.keep = 5}},
                                {last_letters(0), {.keep = 5, .limit = 4, .chunk = 3}},
                                {longest(), {.keep = 5, .limit = 5}}});
  const std::vector<std::string_view> queries{"q", "r"};
  for (const CascadeResult& result : {cascade.run("q"), cascade.run_many(queries).at(1)}) {
    for (const tamis::CascadeHit& hit : result.hits) {
      const auto size = static_cast<std::uint32_t>(hit.candidate.text.size());
      for (const tamis::StageScore& score : hit.scores) {
        const bool windows = score.stage == 1;
        CHECK(score.span == (windows ? std::optional(tamis::Span{size / 2, size}) : std::nullopt));
      }
    }
    REQUIRE(result.hits.size() == 5);
    CHECK(result.hits.front().scores.size() == 2);  // beyond the limit
    CHECK(result.hits.back().scores.size() == 3);
  }
  const tamis::Cascade wrong({{finder(5), {.keep = 5}}, {last_letters(1), {.keep = 5}}});
  CHECK(wrong.run("q").trace.stages[1].errors.at(0) == "windows: it gave 6 spans for 5 scores");
  const tamis::AnyStage beyond({.name = "beyond"},
                               [](const tamis::StageCall&) -> tamis::StageResult {
                                 return tamis::Scored{.scores = {1.0F}, .spans = {{0, 1}}};
                               });
  const Cascade outside({{finder(5), {.keep = 5}}, {beyond, {.keep = 5}}});
  CHECK(outside.run("q").trace.stages[1].errors.at(0) ==
        "beyond: its span of candidate 0 is [0, 1), of 0 bytes");
}

TEST_CASE("each stage orders what it sees and keeps the best; the trace says who left and why") {
  const Cascade cascade({{finder(6), {.keep = 5}}, {longest(), {.keep = 2}}});
  const CascadeResult result = cascade.run("query");
  CHECK(ids(result) == "4 3 ");
  REQUIRE(result.trace.stages.size() == 2);
  CHECK(result.trace.stages[0].in == 6);
  CHECK(result.trace.stages[0].dropped.size() == 1);
  CHECK(result.trace.stages[0].dropped[0].id == "5");
  CHECK(result.trace.stages[1].scored == 5);
  CHECK(result.trace.stages[1].dropped[0].reason == "below the cut");
  CHECK_FALSE(result.trace.degraded);
  REQUIRE(result.hits[0].scores.size() == 2);
  CHECK(result.hits[0].scores[0].score == Approx(0.2F));
  CHECK(result.hits[0].scores[1].score == 4);
}

TEST_CASE("what a limit leaves unscored keeps its order below the scored") {
  const Cascade cascade({{longest(), {.keep = 6, .limit = 3}}});
  const CascadeResult result = cascade.run("query", candidates(6));
  CHECK(ids(result) == "2 1 0 3 4 5 ");
  CHECK(result.hits[3].scores.size() == 1);
}

TEST_CASE("at the deadline the scored head is ranked and the tail stays") {
  const auto clock = std::make_shared<ManualClock>();
  const Cascade cascade({{longest(clock, 10ms), {.keep = 8, .limit = 8, .chunk = 2}}},
                        {.budget_ms = 55, .clock = clock});
  const CascadeResult result = cascade.run("query", candidates(8));
  CHECK(ids(result) == "4 3 2 1 0 5 6 7 ");  // one, then two and two
  CHECK(result.trace.stages[0].scored == 5);
  CHECK(result.trace.degraded);
  CHECK(result.trace.total_ms <= 55);
}

TEST_CASE("a stage's share is its own deadline") {
  const auto clock = std::make_shared<ManualClock>();
  const Cascade cascade({{longest(clock, 10ms), {.keep = 9, .limit = 9, .share = 0.3, .chunk = 1}},
                         {longest(clock, 1ms, "again"), {.keep = 9}}},
                        {.budget_ms = 100, .clock = clock});
  const CascadeResult result = cascade.run("query", candidates(9));
  CHECK(result.trace.stages[0].scored == 3);
  CHECK(result.trace.stages[1].scored == 9);
}

TEST_CASE("a share bounds stages that search and that select, too") {
  const auto clock = std::make_shared<ManualClock>();
  std::vector<double> left;
  const auto look = [&](const tamis::StageCall& call) {
    left.push_back(tamis::milliseconds(call.deadline.remaining()));
  };
  const AnyStage find{{.name = "find", .kind = tamis::StageKind::retrieve},
                      [&](const tamis::StageCall& call) -> tamis::StageResult {
                        look(call);
                        return tamis::Retrieved{candidates(2)};
                      },
                      [&](std::span<const tamis::StageCall> calls) {
                        look(calls.front());
                        return std::vector<tamis::StageResult>(calls.size(),
                                                               tamis::Retrieved{candidates(2)});
                      }};
  const AnyStage choose{{.name = "choose", .kind = tamis::StageKind::select},
                        [&](const tamis::StageCall& call) -> tamis::StageResult {
                          look(call);
                          return tamis::Selected{.order = {1, 0}};
                        }};
  const Cascade cascade({{find, {.keep = 2, .share = 0.2}}, {choose, {.keep = 2, .share = 0.1}}},
                        {.budget_ms = 100, .clock = clock});
  CHECK(ids(cascade.run("q")) == "1 0 ");
  const std::vector<std::string_view> queries{"q", "r"};
  (void)cascade.run_many(queries);
  CHECK(left == std::vector<double>{20, 10, 40, 20, 20});
}

TEST_CASE("earlier scores are blended in, as z-scores of what is scored") {
  // Longer texts score higher, but the first retrieval scores weigh more.
  const Cascade alone({{finder(5), {.keep = 5}}, {longest(), {.keep = 5}}});
  const Cascade blended(
      {{finder(5), {.keep = 5}}, {longest(), {.keep = 5, .blend = {{"find", 100.0}}}}});
  CHECK(ids(alone.run("q")) == "4 3 2 1 0 ");
  CHECK(ids(blended.run("q")) == "0 1 2 3 4 ");
  const Cascade given({{longest(), {.keep = 5, .limit = 5, .blend = {{"input", 100.0}}}}});
  CHECK(ids(given.run("q", candidates(5))) == "0 1 2 3 4 ");
}

TEST_CASE("a source of the first stage is blended in where a candidate has its score") {
  const auto find = [](std::string_view) {
    auto found = candidates(5);
    for (std::size_t i = 0; i < 4; ++i) {
      found[i].sources = {{"dense", static_cast<float>(i)}, {"bm25", i == 1 ? 9.0F : 1.0F}};
    }
    return found;
  };
  const auto with = [&](std::map<std::string, double> blend) {
    return Cascade({{tamis::stages::retrieve("find", find, {"bm25", "dense"}), {.keep = 5}},
                    {longest(), {.keep = 5, .blend = std::move(blend)}}});
  };
  CHECK(ids(with({}).run("q")) == "4 3 2 1 0 ");
  // "4" has no score of it and counts as the lowest.
  CHECK(ids(with({{"dense", 100.0}}).run("q")) == "3 2 1 4 0 ");
  CHECK(ids(with({{"bm25", 100.0}}).run("q")).front() == '1');
  CHECK(contains(message_of<tamis::InvalidArgument>([&] {
                   (void)with({{"bm26", 1.0}});
                 }),
                 "'bm26', which is no earlier stage, nor a source of the first (bm25, dense)"));
  CHECK(with({{"bm25", 1.0}}).warnings().empty());
  const Cascade named({{tamis::stages::retrieve("bm25", find, {"bm25"}), {.keep = 5}},
                       {longest(), {.keep = 5, .blend = {{"bm25", 1.0}}}}});
  REQUIRE(named.warnings().size() == 1);
  CHECK(contains(named.warnings()[0], "blends with 'bm25', a stage and a source"));
}

TEST_CASE("a failing stage is skipped with the ranking kept, or raised") {
  const Cascade skipping({{broken(), {.keep = 3, .limit = 9}}});
  const CascadeResult result = skipping.run("query", candidates(4));
  CHECK(ids(result) == "0 1 2 ");
  CHECK(result.trace.degraded);
  CHECK(contains(*result.trace.stages[0].skipped, "503 from the server"));
  const Cascade raising({{broken(), {.keep = 3, .limit = 9, .on_error = OnError::raise}}});
  CHECK(contains(message_of<tamis::StageError>([&] { (void)raising.run("q", candidates(4)); }),
                 "stage 1 'broken' failed: broken: 503 from the server"));
}

TEST_CASE("retries wait inside the deadline, then the fallback runs") {
  const auto clock = std::make_shared<ManualClock>();
  const Cascade cascade(
      {{broken(), {.keep = 4, .limit = 9, .fallback = {longest()}, .retries = 2}}},
      {.budget_ms = 1000, .clock = clock});
  const CascadeResult result = cascade.run("query", candidates(4));
  CHECK(ids(result) == "3 2 1 0 ");
  CHECK(result.trace.stages[0].attempts == 4);
  CHECK(result.trace.stages[0].ran == "longest");
  CHECK(result.trace.stages[0].real_ms >= 60);
  CHECK(result.trace.stages[0].real_ms <= 90);
  const Cascade hurried(
      {{broken(), {.keep = 4, .limit = 9, .fallback = {longest()}, .retries = 9}}},
      {.budget_ms = 30, .clock = clock});
  CHECK(hurried.run("query", candidates(4)).trace.total_ms <= 30);
}

TEST_CASE("a stage that fails after some of its candidates has failed; what it gave is kept") {
  std::size_t calls = 0;
  std::size_t fails_from = 2;
  std::size_t fails_to = 99;
  const auto stage = [&] {
    return AnyStage{tamis::StageTraits{.name = "parts", .scorer = "parts", .divisible = true},
                    [&](const tamis::StageCall& call) -> tamis::StageResult {
                      ++calls;
                      if (calls >= fails_from && calls <= fails_to) throw std::runtime_error("503");
                      tamis::Scored scored{.scores = {}};
                      for (const auto text : call.texts) {
                        scored.scores.push_back(static_cast<float>(text.size()));
                      }
                      return scored;
                    }};
  };
  const auto run = [&](tamis::StageOptions options) {
    calls = 0;
    options.keep = 6;
    options.limit = 6;
    options.chunk = 2;
    options.backoff_ms = 0;
    return Cascade({{stage(), options}}).run("q", candidates(6));
  };
  auto result = run({});
  CHECK(ids(result) == "1 0 2 3 4 5 ");
  CHECK(result.trace.stages[0].scored == 2);
  CHECK(contains(*result.trace.stages[0].cut, "failed after 2 candidates"));
  CHECK(result.trace.degraded);
  CHECK_THROWS_AS(run({.on_error = tamis::OnError::raise}), tamis::StageError);
  CHECK(ids(run({.fallback = {longest()}})) == "5 4 3 2 1 0 ");
  fails_to = 3;  // the second piece, twice; the first is not paid for again
  result = run({.retries = 2});
  CHECK(ids(result) == "5 4 3 2 1 0 ");
  CHECK(calls == 5);
  CHECK(result.trace.stages[0].attempts == 3);
  CHECK_FALSE(result.trace.degraded);
  fails_to = 99;
  const Cascade breaking({{stage(), {.keep = 6, .limit = 6, .chunk = 2, .breaker = 2}}});
  for (const std::size_t attempts : {1, 1, 0}) {
    calls = 0;
    CHECK(breaking.run("q", candidates(6)).trace.stages[0].attempts == attempts);
  }
}

TEST_CASE("a wait before a retry ends when the run is cancelled") {
  class Cancelling final : public tamis::Clock {  // while it sleeps for the second time
   public:
    explicit Cancelling(tamis::CancelToken token) : token_(std::move(token)) {}
    [[nodiscard]] Time now() const override { return clock_.now(); }
    void sleep_until(Time time) const override {
      clock_.sleep_until(time);
      if (++sleeps_ == 2) tamis::CancelToken(token_).cancel();
    }

   private:
    ManualClock clock_;
    tamis::CancelToken token_;
    mutable int sleeps_ = 0;
  };
  const tamis::CancelToken cancel;
  const auto clock = std::make_shared<Cancelling>(cancel);
  const Cascade cascade({{broken(), {.keep = 4, .limit = 9, .retries = 1, .backoff_ms = 60'000}}},
                        {.clock = clock});
  const auto start = clock->now();
  CHECK_THROWS_AS(cascade.run("q", candidates(2), {.cancel = cancel}), tamis::Cancelled);
  CHECK(clock->now() - start < 100ms);
}

TEST_CASE("a run that is cancelled makes no further try, without a wait between them either") {
  tamis::CancelToken cancel;
  int calls = 0;
  const auto fails = [&](std::string_view) -> std::vector<Candidate> {
    if (++calls == 2) cancel.cancel();
    throw std::runtime_error("503 from the server");
  };
  const Cascade cascade({{tamis::stages::retrieve("search", fails),
                          {.keep = 4, .fallback = {finder(2)}, .retries = 9, .backoff_ms = 0}}});
  CHECK_THROWS_AS(cascade.run("q", {.cancel = cancel}), tamis::Cancelled);
  CHECK(calls == 2);
}

TEST_CASE("a stage that keeps failing is left alone for a while") {
  const auto clock = std::make_shared<ManualClock>();
  const Cascade cascade({{broken(), {.keep = 4, .limit = 9, .breaker = 2, .breaker_ms = 1000}}},
                        {.clock = clock});
  CHECK(cascade.run("q", candidates(2)).trace.stages[0].attempts == 1);
  CHECK(cascade.run("q", candidates(2)).trace.stages[0].attempts == 1);
  const auto rest = cascade.run("q", candidates(2));
  CHECK(rest.trace.stages[0].attempts == 0);
  CHECK(contains(rest.trace.stages[0].errors[0], "left alone"));
  clock->advance(1001ms);
  CHECK(cascade.run("q", candidates(2)).trace.stages[0].attempts == 1);
  const Cascade patient(
      {{broken(), {.keep = 4, .limit = 9, .retries = 2, .breaker = 2, .breaker_ms = 1000}}},
      {.clock = clock});
  std::vector<std::size_t> attempts;  // runs are counted, whatever each tries
  for (int i = 0; i < 3; ++i) {
    attempts.push_back(patient.run("q", candidates(2)).trace.stages[0].attempts);
  }
  CHECK(attempts == std::vector<std::size_t>{3, 3, 0});
  const Cascade selecting({{longest(), {.keep = 4, .limit = 2}},
                           {tamis::stages::threshold(1), {.keep = 4, .breaker = 1}}});
  CHECK(selecting.run("q", candidates(4)).trace.stages[1].skipped);  // not all have a score
  CHECK(ids(selecting.run("q", candidates(2))) == "1 ");
}

TEST_CASE("a clear lead skips a stage that asks for it") {
  const std::vector<CascadeStage> stages{{finder(5), {.keep = 5}},
                                         {longest(), {.keep = 5, .skip_margin = 0.4}}};
  const CascadeResult result = Cascade(stages).run("q");
  CHECK(ids(result) == "0 1 2 3 4 ");
  CHECK(contains(*result.trace.stages[1].skipped, "leads by 0.5"));
  CHECK_FALSE(result.trace.degraded);
}

TEST_CASE("a constant is of the scale of the stage before, which may have failed") {
  const auto after_failure = [](CascadeStage last) {
    return Cascade({{finder(5), {.keep = 5}}, {broken(), {.keep = 5}}, std::move(last)}).run("q");
  };
  const CascadeResult kept = after_failure({tamis::stages::threshold(2), {.keep = 5}});
  CHECK(ids(kept) == "0 1 2 3 4 ");  // none has the finder's score of 2
  CHECK(contains(kept.trace.stages[2].skipped.value_or(""), "a score of the stage before"));
  const CascadeResult scored = after_failure({longest(), {.keep = 5, .skip_margin = 0.4}});
  CHECK(scored.trace.stages[2].scored == 5);  // though the finder's first leads by 0.5
}

TEST_CASE("odd input is defined") {
  const Cascade cascade({{longest(), {.keep = 5, .limit = 5}}});
  CHECK(cascade.run("", candidates(0)).hits.empty());
  CHECK_THROWS_AS(cascade.run("query"), tamis::InvalidArgument);
  auto twice = candidates(3);
  twice.push_back(twice[1]);
  const CascadeResult result = cascade.run("query", twice);
  CHECK(ids(result) == "2 1 0 ");
  CHECK(result.trace.stages[0].in == 4);
  CHECK(result.trace.stages[0].duplicates == 1);
  CHECK(result.trace.stages[0].dropped[0].reason == "its id came before");
  auto marked = candidates(3);
  marked[0].reranked_by = "cohere";
  CHECK(contains(cascade.run("query", marked).trace.stages[0].warnings[0], "'cohere'"));
  tamis::CancelToken cancel;
  cancel.cancel();
  CHECK_THROWS_AS(cascade.run("query", candidates(3), {.cancel = cancel}), tamis::Cancelled);
}

TEST_CASE("a cascade and its trace can be read") {
  const Cascade cascade({{finder(6), {.keep = 5}}, {longest(), {.keep = 2, .share = 0.5}}},
                        {.budget_ms = 100});
  CHECK(cascade.description() ==
        "Cascade, 100 ms\n  find: keep 5\n  longest: keep 2, 50% of the budget");
  const CascadeResult result = cascade.run("query");
  CHECK(contains(tamis::to_table(result.trace), "longest"));
  const std::string json = tamis::to_json(result.trace);
  CHECK(contains(json, R"("dropped":[{"id":"5","reason":"below the cut"}])"));
  CHECK(json.front() == '{');
  CHECK(json.back() == '}');
  tamis::Trace odd;
  odd.stages.push_back({.name = "\x1b[31mred\n", .predicted_ms = HUGE_VAL, .skipped = "a\r\nb"});
  CHECK(contains(tamis::to_json(odd), R"("predicted_ms":null)"));
  const std::string table = tamis::to_table(odd);
  CHECK(contains(table, "skipped: a  b\n"));
  CHECK(std::count(table.begin(), table.end(), '\n') == 3);
  CHECK(table.find('\x1b') == std::string::npos);
  odd.stages[0].name = "\xc3\xa9\xff\xed\xa0\x80\xf0\x9f\x98\x80\xc3";  // with halves of characters
  CHECK(contains(tamis::to_json(odd),
                 "\"\xc3\xa9\\ufffd\\ufffd\\ufffd\\ufffd\xf0\x9f\x98\x80\\ufffd\""));
}
