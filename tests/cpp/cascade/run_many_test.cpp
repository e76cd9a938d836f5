// Several queries in step: results are those of runs one by one.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/select.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::chrono_literals;
using tamis::Candidate;
using tamis::Cascade;
using tamis::CascadeResult;
using tamis::ManualClock;
using tamis::StageCall;
using tamis::StageResult;

namespace {

/// Longer texts score higher; takes calls of several queries, and counts calls.
struct Longest {
  std::shared_ptr<ManualClock> clock = std::make_shared<ManualClock>();
  std::shared_ptr<std::vector<std::size_t>> calls = std::make_shared<std::vector<std::size_t>>();
  tamis::Clock::Duration each = {};

  [[nodiscard]] tamis::StageTraits traits() const {
    return {.name = "longest", .scorer = "longest", .divisible = true};
  }
  [[nodiscard]] StageResult operator()(const StageCall& call) const {
    return many(std::span(&call, 1)).front();
  }
  [[nodiscard]] std::vector<StageResult> many(std::span<const StageCall> calls_now) const {
    std::vector<StageResult> results;
    std::size_t count = 0;
    for (const StageCall& call : calls_now) {
      tamis::Scored scored{.scores = {}, .tokens = call.texts.size()};
      for (const std::string_view text : call.texts) {
        if (text == "bomb") throw std::runtime_error("it went off");
        scored.scores.push_back(text == "nan" ? std::numeric_limits<float>::quiet_NaN()
                                              : static_cast<float>(text.size()));
      }
      count += call.texts.size();
      results.emplace_back(std::move(scored));
    }
    calls->push_back(count);
    clock->advance(each * static_cast<int>(count));
    return results;
  }
};

std::vector<Candidate> of(const std::vector<std::string>& texts) {
  std::vector<Candidate> found;
  for (const std::string& text : texts) found.push_back({"", text, {}, {}});
  return found;
}

std::string ids(const CascadeResult& result) {
  std::string found;
  for (const tamis::CascadeHit& hit : result.hits) found += hit.candidate.id + ' ';
  return found;
}

const std::vector<std::string_view> kQueries{"one", "two", "three"};

}  // namespace

TEST_CASE("candidates of several queries share calls, and results are those of single runs") {
  const Longest stage;
  const Cascade cascade({{stage, {.keep = 2, .limit = 9, .chunk = 2}}}, {.clock = stage.clock});
  const std::vector<std::vector<Candidate>> lists{of({"a", "bbb", "cc"}), of({}),
                                                  of({"a", "bb", "c", "dddd", "e"})};
  const auto together = cascade.run_many(kQueries, lists);
  CHECK(*stage.calls == std::vector<std::size_t>{4, 3, 1});
  REQUIRE(together.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const CascadeResult alone = cascade.run(kQueries[i], lists[i]);
    CHECK(ids(together[i]) == ids(alone));
    CHECK(together[i].trace.stages[0].tokens == alone.trace.stages[0].tokens);
    CHECK(together[i].trace.stages[0].attempts == alone.trace.stages[0].attempts);
    CHECK_FALSE(together[i].trace.degraded);
  }
}

TEST_CASE("what fails in a shared call fails for its query alone") {
  for (const std::string bad : {"bomb", "nan"}) {
    const Longest stage;
    const Cascade cascade({{stage, {.keep = 2, .limit = 9}}}, {.clock = stage.clock});
    const auto results =
        cascade.run_many(kQueries, {of({"a", "bb"}), of({"a", bad}), of({"a", "bb"})});
    CHECK(ids(results[0]) == "1 0 ");
    CHECK(ids(results[1]) == "0 1 ");
    CHECK(ids(results[2]) == "1 0 ");
    CHECK_FALSE(results[0].trace.degraded);
    CHECK(results[1].trace.degraded);
    CHECK(results[1].trace.stages[0].errors.size() == 1);
  }
}

TEST_CASE("the budget is each query's, and is spent together") {
  const Longest stage{.each = 10ms};
  const Cascade cascade({{stage, {.keep = 9, .limit = 9, .chunk = 1}}},
                        {.budget_ms = 30, .clock = stage.clock});
  const auto texts = of({"a", "bb", "ccc", "dddd", "eeeee"});
  const auto results = cascade.run_many(kQueries, {texts, texts, texts});
  for (const CascadeResult& result : results) {
    CHECK(result.trace.stages[0].scored == 3);
    CHECK(result.trace.stages[0].real_ms == Approx(30));
    CHECK(result.trace.total_ms <= 90);
    CHECK(ids(result) == "2 1 0 3 4 ");
    CHECK(result.trace.degraded);
  }
  const auto longer = cascade.run_many(kQueries, {texts, texts, texts}, {.budget_ms = 100});
  CHECK(longer[2].trace.stages[0].scored == 5);
}

TEST_CASE("what a shared call was billed is told, though it failed for a query") {
  std::vector<std::size_t> sizes;
  const auto price = [&](std::span<const StageCall> calls) {
    sizes.push_back(calls.size());
    std::vector<StageResult> results;
    for (const StageCall& call : calls) {
      tamis::Scored scored{.scores = {1}, .tokens = 10, .dollars = 0.5};
      if (calls.size() > 1 && call.query == "two") {
        scored.failure = std::make_exception_ptr(std::runtime_error("it could not be read"));
      }
      results.emplace_back(std::move(scored));
    }
    return results;
  };
  const tamis::AnyStage stage(
      {.name = "paid", .scorer = "paid"},
      [&](const StageCall& call) { return price(std::span(&call, 1)).front(); }, price);
  const Cascade cascade({{stage, {.keep = 1, .limit = 1}}});
  const auto results = cascade.run_many(kQueries, {of({"a"}), of({"a"}), of({"a"})});
  CHECK(sizes == std::vector<std::size_t>{3, 1});
  CHECK(results[0].trace.stages[0].dollars == Approx(0.5));
  CHECK(results[1].trace.stages[0].dollars == Approx(1));
  CHECK(results[1].trace.stages[0].tokens == 20);
  CHECK(results[1].trace.stages[0].scored == 1);
}

TEST_CASE("shared calls come no later than a single run's would") {
  for (const double share : {1.0, 0.5}) {
    const Longest stage{.each = 10ms};
    const Cascade cascade({{stage, {.keep = 9, .limit = 9, .share = share, .chunk = 2}}},
                          {.budget_ms = 40, .clock = stage.clock});
    const auto texts = of({"a", "bb", "ccc", "dddd", "eeeee"});
    const std::vector<std::string_view> queries(16, "q");
    const std::vector<std::vector<Candidate>> lists(16, texts);
    const auto results = cascade.run_many(queries, lists);
    const double most = 16 * 40 * share;
    CHECK(results[0].trace.total_ms <= most);
    CHECK(results[0].trace.total_ms > most - 20);
    CHECK(stage.calls->front() == 2);
    CHECK(*std::max_element(stage.calls->begin(), stage.calls->end()) > 2);
    std::size_t scored = 0;
    for (const CascadeResult& result : results) {
      scored += result.trace.stages[0].scored;
      CHECK(result.trace.degraded);
    }
    CHECK(scored + 2 >= static_cast<std::size_t>(most) / 10);
  }
  const Longest slow{.each = 100ms};
  const Cascade cascade({{slow, {.keep = 9, .limit = 9, .chunk = 2}}},
                        {.budget_ms = 1, .clock = slow.clock});
  const std::vector<std::vector<Candidate>> lists(3, of({"a", "bb", "ccc"}));
  const auto results = cascade.run_many(kQueries, lists);
  CHECK(*slow.calls == std::vector<std::size_t>{2});
  CHECK(results[0].trace.stages[0].scored == 2);
  CHECK(ids(results[2]) == "0 1 2 ");
}

TEST_CASE("a run may have a budget of its own, and none at all") {
  const Longest stage{.each = 10ms};
  const Cascade cascade({{stage, {.keep = 9, .limit = 9, .chunk = 1}}},
                        {.budget_ms = 1000, .clock = stage.clock});
  const auto texts = of({"a", "bb", "ccc"});
  CHECK(cascade.run("q", texts, {.budget_ms = 20}).trace.stages[0].scored == 2);
  const CascadeResult nothing = cascade.run("q", texts, {.budget_ms = 0});
  CHECK(ids(nothing) == "0 1 2 ");
  CHECK(nothing.trace.degraded);
  CHECK_THROWS_AS(cascade.run("q", texts, {.budget_ms = -1}), tamis::InvalidArgument);
  CHECK_THROWS_AS(cascade.run_many(kQueries, {texts}), tamis::InvalidArgument);
  CHECK_THROWS_AS(cascade.run_many(kQueries), tamis::InvalidArgument);
}

TEST_CASE("stages that take one query at a time go through the queries in turn") {
  const Cascade cascade({{tamis::stages::retrieve("find",
                                                  [](std::string_view query) {
                                                    return of({"x", std::string(query), "x"});
                                                  }),
                          {.keep = 3}},
                         {tamis::stages::deduplicate(), {.keep = 3}}});
  const auto results = cascade.run_many(kQueries);
  CHECK(results[2].hits[1].candidate.text == "three");
  CHECK(results[2].hits.size() == 2);
}

TEST_CASE("a search takes all queries at once, and one that cannot searches for each") {
  for (const bool fails : {false, true}) {
    std::vector<std::size_t> asked;
    const Cascade cascade(
        {{tamis::stages::retrieve_many("find",
                                       [&](std::span<const std::string_view> queries) {
                                         asked.push_back(queries.size());
                                         if (fails && queries.size() > 1)
                                           throw std::runtime_error("one");
                                         std::vector<std::vector<Candidate>> lists;
                                         for (const std::string_view query : queries) {
                                           lists.push_back(of({"x", std::string(query)}));
                                         }
                                         return lists;
                                       }),
          {.keep = 3}}});
    const auto results = cascade.run_many(kQueries);
    CHECK(asked == (fails ? std::vector<std::size_t>{3, 1, 1, 1} : std::vector<std::size_t>{3}));
    for (std::size_t i = 0; i < kQueries.size(); ++i) {
      const CascadeResult alone = cascade.run(kQueries[i]);
      CHECK(results[i].hits[1].candidate.text == kQueries[i]);
      CHECK(ids(results[i]) == ids(alone));
      CHECK(results[i].trace.stages[0].in == 2);
      CHECK(results[i].trace.stages[0].attempts == 1);
      CHECK(results[i].trace.stages[0].errors.empty());
      CHECK_FALSE(results[i].trace.degraded);
    }
  }
}

TEST_CASE("a search that finds lists for fewer queries is asked for each") {
  const Cascade cascade(
      {{tamis::stages::retrieve_many("find",
                                     [](std::span<const std::string_view> queries) {
                                       std::vector<std::vector<Candidate>> lists;
                                       if (queries.size() == 1)
                                         lists.push_back(of({std::string(queries[0])}));
                                       return lists;
                                     }),
        {.keep = 3}}});
  CHECK(cascade.run_many(kQueries)[2].hits.at(0).candidate.text == "three");
}

TEST_CASE("cancelling stops the runs together") {
  tamis::CancelToken cancel;
  cancel.cancel();
  const Longest stage;
  const Cascade cascade({{stage, {.keep = 9, .limit = 9}}});
  CHECK_THROWS_AS(cascade.run_many(kQueries, {of({"a"}), of({"a"}), of({"a"})}, {.cancel = cancel}),
                  tamis::Cancelled);
  CHECK(stage.calls->empty());
}

TEST_CASE("neighbours of equal cost are warned of once their costs are known") {
  const Longest first{.each = 10ms};
  const Longest second{.clock = first.clock, .each = 11ms};
  const Cascade cascade({{first, {.keep = 9, .limit = 9}}, {tamis::AnyStage(second), {.keep = 4}}},
                        {.clock = first.clock});
  const auto about_cost = [&] {
    std::size_t found = 0;
    for (const std::string& one : cascade.warnings()) found += contains(one, "cost the same");
    return found;
  };
  CHECK(about_cost() == 0);
  for (int i = 0; i < 4; ++i) (void)cascade.run("q", of({"a", "bb", "ccc"}));
  CHECK(about_cost() == 1);
  CHECK(contains(fmt::format("{}", cascade), "longest 2: keep 4"));
  CHECK(contains(fmt::format("{}", cascade), "learnt from 4 calls"));
  // A search of 10 ms costs as much as one candidate of the next stage, whatever it finds.
  const auto search = tamis::stages::retrieve("find", [clock = first.clock](std::string_view) {
    clock->advance(10ms);
    return of({"a", "bb", "ccc"});
  });
  const Cascade searching({{search, {.keep = 9}}, {first, {.keep = 4}}}, {.clock = first.clock});
  for (int i = 0; i < 4; ++i) (void)searching.run("q");
  CHECK(searching.warnings().empty());
}

TEST_CASE("the caller's own document goes along, and a stage's exception is told") {
  const auto document = std::make_shared<int>(7);
  int seen = 0;
  const tamis::AnyStage look(tamis::StageTraits{.name = "look"},
                             [&](const StageCall& call) -> StageResult {
                               seen = *static_cast<const int*>(call.documents[0]);
                               throw std::domain_error("not today");
                             });
  const Cascade skipping({{look, {.keep = 1, .limit = 1}}});
  const auto given = std::vector<Candidate>{{.id = "1", .text = "a", .document = document}};
  const CascadeResult result = skipping.run("q", given);
  CHECK(seen == 7);
  CHECK(result.hits[0].candidate.document == document);
  const Cascade raising({{look, {.keep = 1, .limit = 1, .on_error = tamis::OnError::raise}}});
  try {
    (void)raising.run("q", given);
    FAIL("it did not raise");
  } catch (const tamis::StageError& error) {
    CHECK(error.stage() == "look");
    CHECK_THROWS_AS(std::rethrow_exception(error.cause()), std::domain_error);
  }
}

TEST_CASE("a search is tried again, and another takes its place") {
  int calls = 0;
  const auto search = tamis::stages::retrieve("search", [&](std::string_view) {
    ++calls;
    throw std::runtime_error("down");
    return std::vector<Candidate>();
  });
  const auto spare = tamis::stages::retrieve("spare", [](std::string_view) { return of({"a"}); });
  const auto clock = std::make_shared<ManualClock>();
  const Cascade cascade({{search, {.keep = 3, .fallback = {spare}, .retries = 2}}},
                        {.clock = clock});
  const CascadeResult result = cascade.run("q");
  CHECK(calls == 3);
  CHECK(ids(result) == "0 ");
  CHECK(result.trace.stages[0].ran == "spare");
  CHECK(result.trace.degraded);
}
