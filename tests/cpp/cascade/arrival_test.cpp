// Marks, ids and scores that candidates come with.
#include <cmath>
#include <string>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/select.hpp>

#include "cascade/some_stages.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace some;
using tamis::Cascade;

TEST_CASE("marks are told by the first stage that ranks again, wherever candidates came from") {
  auto marked = candidates(3);
  marked[1].reranked_by = "cohere";
  const auto told = [](const CascadeResult& result) {
    std::string warnings;
    for (const tamis::StageTrace& stage : result.trace.stages) {
      for (const std::string& warning : stage.warnings) warnings += stage.name + ": " + warning;
    }
    return warnings;
  };
  const AnyStage unique = tamis::stages::deduplicate();
  CHECK(contains(told(Cascade({{unique, {.keep = 5}}, {longest(), {.keep = 5}}}).run("q", marked)),
                 "longest: 1 candidates were ranked by 'cohere'"));
  const AnyStage find = tamis::stages::retrieve("find", [&](std::string_view) { return marked; });
  CHECK(contains(told(Cascade({{find, {.keep = 5}}, {longest(), {.keep = 5}}}).run("q")),
                 "longest: 1 candidates were ranked by 'cohere'"));
  CHECK(told(Cascade({{unique, {.keep = 5}}}).run("q", marked)).empty());
}

TEST_CASE("a stage's scores are not taken for those that candidates come with") {
  const Cascade cascade({{longest({}, {}, "input"), {.keep = 5, .limit = 5}}});
  CHECK(cascade.stages()[0].stage.traits().name == "input 2");
  const Cascade finding({{finder(2), {.keep = 5}}, {longest({}, {}, "input"), {.keep = 5}}});
  CHECK(finding.stages()[1].stage.traits().name == "input");
}

TEST_CASE("a place is no id that somebody has, and a score that is no number is none") {
  std::vector<Candidate> odd{{"", "a", HUGE_VALF, {}},
                             {"0", "bb", 2.0F, {}, {}, {{"bm25", HUGE_VALF}}},
                             {"#0", "ccc", 1.0F, {}, {}, {{"bm25", 1.0F}}}};
  const auto run = [&](const std::string& name) {
    const AnyStage find =
        tamis::stages::retrieve("find", [&](std::string_view) { return odd; }, {"bm25"});
    return Cascade({{find, {.keep = 5}}, {longest(), {.keep = 5, .blend = {{name, 100.0}}}}})
        .run("q");
  };
  CHECK(ids(run("find")) == "0 #0 ##0 ");
  CHECK(ids(run("bm25")) == "#0 0 ##0 ");
  CHECK(run("find").hits[2].scores.size() == 1);
}
