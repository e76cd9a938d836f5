// What every database has in common: fusion, bad queries, the stage.
#include <cmath>

#include <tamis/cascade/cascade.hpp>
#include <tamis/store/store.hpp>

#include "store/pool.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::Deadline;
using tamis::SearchOptions;
using tamis::Store;
using tamis::StoreAnswer;
using tamis::StoreFusion;
using tamis::StoreHit;
using tamis::StoreQuestion;

namespace {

Deadline never() { return Deadline(std::make_shared<tamis::SteadyClock>()); }

std::vector<std::string> ids(const std::vector<StoreHit>& hits) {
  std::vector<std::string> found;
  for (const StoreHit& hit : hits) found.push_back(hit.id);
  return found;
}

/// Words find a, b, c; vectors find d, b.
StoreAnswer answer(const StoreQuestion& question) {
  StoreAnswer found;
  if (!question.text.empty()) found.text = {{"a", "A", 3}, {"b", "B", 2}, {"c", "C", 1}};
  if (!question.vector.empty()) found.dense = {{"d", "D", 0.9F}, {"b", "B", 0.8F}};
  return found;
}

std::vector<float> embed(std::string_view) { return {1, 0}; }

Store with(StoreFusion fusion) { return {"test", {.embed = embed, .fusion = fusion}, answer}; }

}  // namespace

TEST_CASE("both halves are fused as asked") {
  using Ids = std::vector<std::string>;
  CHECK(ids(with(StoreFusion::rrf).search("q", 9, never())) == Ids{"b", "a", "d", "c"});
  CHECK(ids(with(StoreFusion::unite).search("q", 9, never())) == Ids{"a", "d", "b", "c"});
  CHECK(ids(with(StoreFusion::text).search("q", 9, never())) == Ids{"a", "b", "c"});
  CHECK(ids(with(StoreFusion::dense).search("q", 9, never())) == Ids{"d", "b"});
  CHECK(ids(with(StoreFusion::rrf).search("q", 2, never())) == Ids{"b", "a"});
  const StoreHit best = with(StoreFusion::rrf).search("q", 1, never())[0];
  CHECK(best.text == "B");
  CHECK(best.score == Approx(1 / 62.0 + 1 / 62.0));
  CHECK(best.scores == std::map<std::string, float>{{"text", 2.0F}, {"dense", 0.8F}});
}

TEST_CASE("a score that is not finite is no answer, and its document is named") {
  for (const float score : {NAN, INFINITY, -INFINITY}) {
    const Store store("test", {.embed = embed}, [&](const StoreQuestion&) {
      return StoreAnswer{{{"a", "A", 1}}, {{"b", "B", 0.5F}, {"c", "C", score}}};
    });
    CHECK(contains(message_of<tamis::RetrievalError>([&] { (void)store.search("q", 1, never()); }),
                   "test: the score of 'c' is not finite"));
  }
}

TEST_CASE("a half is looked into deeper than what is kept of both") {
  std::size_t asked = 0;
  const auto remember = [&](const StoreQuestion& question) {
    asked = question.count;
    return answer(question);
  };
  (void)Store("test", {.embed = embed}, remember).search("q", 5, never());
  CHECK(asked == 100);
  (void)Store("test", {.embed = embed}, remember).search("q", 200, never());
  CHECK(asked == 200);
  (void)Store("test", {}, remember).search("q", 5, never());
  CHECK(asked == 5);
}

TEST_CASE("a query becomes UTF-8 before any database sees it, and a blank one goes to none") {
  std::vector<std::string> asked;
  const Store store("test", {}, [&](const StoreQuestion& question) {
    asked.emplace_back(question.text);
    return StoreAnswer{{{"\xff", "a\0b", 1}}, {}};
  });
  const auto hits = store.search(std::string_view("a\0\xff", 3), 5, never());
  CHECK(asked == std::vector<std::string>{"a \xef\xbf\xbd"});
  CHECK(hits[0].id == "\xef\xbf\xbd");
  for (const char* blank : {"", " \n", "\xe2\x80\x83"}) {
    CHECK(store.search(blank, 5, never()).empty());
  }
  CHECK(asked.size() == 1);
}

TEST_CASE("what cannot be asked is refused") {
  for (const StoreFusion fusion : {StoreFusion::dense, StoreFusion::unite}) {
    CHECK(contains(message_of<tamis::InvalidArgument>(
                       [&] { (void)Store("the name", {.fusion = fusion}, answer); }),
                   "the name"));
  }
  CHECK_THROWS_AS(with(StoreFusion::rrf).search("q", 0, never()), tamis::InvalidArgument);
  for (const std::vector<float>& vector : {std::vector<float>{}, std::vector<float>{NAN}}) {
    const Store store("test", {.embed = [&](std::string_view) { return vector; }}, answer);
    CHECK_THROWS_AS(store.search("q", 5, never()), tamis::RetrievalError);
  }
}

TEST_CASE("nothing is asked after the deadline, or when it is cancelled") {
  int asked = 0;
  const Store store("test", {.embed = [&](std::string_view) { return ++asked, std::vector{1.0F}; }},
                    [&](const StoreQuestion& question) { return ++asked, answer(question); });
  CHECK_THROWS_AS(store.search("q", 5, never().within(tamis::Clock::Duration::zero())),
                  tamis::RetrievalError);
  const std::string long_query(std::size_t{1} << 20U, 'x');  // longer than a millisecond to read
  CHECK_THROWS_AS(store.search(long_query, 5, never().within(tamis::from_milliseconds(1))),
                  tamis::RetrievalError);
  tamis::CancelToken cancel;
  cancel.cancel();
  CHECK_THROWS_AS(store.search("q", 5, never(), cancel), tamis::Cancelled);
  CHECK(asked == 0);
}

TEST_CASE("a store is the first stage of a cascade") {
  const tamis::Cascade cascade({{tamis::stages::retrieve(with(StoreFusion::rrf), 3), {.keep = 2}}});
  const auto result = cascade.run("q");
  REQUIRE(result.hits.size() == 2);
  CHECK(result.hits[0].candidate.id == "b");
  CHECK(result.trace.stages[0].in == 3);
  CHECK(result.trace.stages[0].dropped.size() == 1);
  const auto constant = tamis::stages::callable(
      "constant", [](std::string_view, std::span<const std::string_view> texts) {
        return std::vector<float>(texts.size(), 1.0F);
      });
  const tamis::Cascade blended({{tamis::stages::retrieve(with(StoreFusion::rrf), 3), {.keep = 3}},
                                {constant, {.keep = 3, .blend = {{"text", 1.0}}}}});
  CHECK(blended.run("q").hits[0].candidate.id == "a");
  const auto dead = [](std::optional<tamis::OnError> on_error) {
    return tamis::Cascade({{tamis::stages::retrieve(Store("test", {},
                                                          [](const StoreQuestion&) -> StoreAnswer {
                                                            throw tamis::RetrievalError(
                                                                "it is down");
                                                          }),
                                                    3),
                            {.keep = 2, .on_error = on_error}}});
  };
  CHECK_THROWS_AS(dead({}).run("q"), tamis::StageError);
  const auto nothing = dead(tamis::OnError::skip).run("q");
  CHECK(contains(nothing.trace.stages[0].warnings.at(0), "failed and was left out"));
  CHECK(nothing.hits.empty());
  CHECK(nothing.trace.degraded);
  CHECK(contains(nothing.trace.stages[0].skipped.value_or(""), "it is down"));
}

TEST_CASE("who waits for a connection may search meanwhile") {
  using tamis::store::Waiting;
  tamis::store::Pool<int> pool(1, [](const Waiting&) { return std::make_unique<int>(7); });
  const tamis::CancelToken cancel;
  const Deadline deadline = never();
  const StoreQuestion question{"a", {}, 1, deadline, cancel};
  const auto ask = [](int& connection) { return connection; };
  int calls = 0;
  tamis::ConnectionOptions options;
  options.on_wait = [&] {
    if (calls++ == 0) CHECK(pool.with(Waiting(question, {}), ask) == 7);
  };
  CHECK(pool.with(Waiting(question, options), ask) == 7);
  CHECK(calls == 1);
}
