// The embedded model as a stage of a cascade.
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/rerank.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::Candidate;
using tamis::Cascade;
using tamis::CrossEncoder;

namespace {

std::vector<Candidate> passages() {
  return {{"banana", "Bananas are rich in potassium.", 3.0F, {}},
          {"france", "Paris is the capital and largest city of France.", 2.0F, {}},
          {"rome", "Rome is the capital of Italy.", 1.0F, {}}};
}

}  // namespace

TEST_CASE("a cascade with a cross-encoder ranks as the cross-encoder does") {
  const CrossEncoder model = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  const Cascade cascade({{tamis::stages::rerank(model), {.keep = 2, .limit = 10, .chunk = 1}}});
  const tamis::CascadeResult result = cascade.run("capital of France", passages());
  std::vector<std::string_view> texts;
  const auto all = passages();
  for (const Candidate& candidate : all) texts.push_back(candidate.text);
  const tamis::Ranking expected = model.rank("capital of France", texts);
  REQUIRE(result.hits.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(result.hits[i].candidate.id == all[expected[i].index].id);
  }
  CHECK(result.hits[0].candidate.id == "france");
  CHECK(result.trace.stages[0].tokens > 20);
  CHECK(result.trace.stages[0].truncated == 0);
}

TEST_CASE("a stage counts the texts that it cut, and warns") {
  const CrossEncoder model = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  tamis::PredictOptions options;
  options.max_length = 14;
  const Cascade cascade({{tamis::stages::rerank(model, options), {.keep = 3, .limit = 10}}});
  const auto stage = cascade.run("capital of France", passages()).trace.stages[0];
  CHECK(stage.truncated == 1);
  REQUIRE(stage.warnings.size() == 1);
  CHECK(contains(stage.warnings[0], "'rerank' read only a part of 1 of 3 texts"));
  const Cascade silent(
      {{tamis::stages::rerank(model, options, "rerank", false), {.keep = 3, .limit = 10}}});
  CHECK(silent.run("capital of France", passages()).trace.stages[0].warnings.empty());
}

TEST_CASE("two rerankers of one model side by side are warned of") {
  const CrossEncoder model = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  const Cascade cascade({{tamis::stages::rerank(model), {.keep = 3, .limit = 10}},
                         {tamis::stages::rerank(model, {}, "again"), {.keep = 2}}});
  REQUIRE(cascade.warnings().size() == 1);
}

TEST_CASE("options that no run could go by are refused where the stage is made") {
  const CrossEncoder model = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  const auto refusal = [&](const tamis::PredictOptions& options) {
    return message_of<tamis::InvalidArgument>([&] { (void)tamis::stages::rerank(model, options); });
  };
  CHECK(contains(refusal({.max_length = 0}), "max_length is 0"));
  CHECK(contains(refusal({.window_stride = 8}), "set on_truncation to window"));
  CHECK(contains(refusal({.prompt_name = "none"}), "no prompt 'none'"));
}

TEST_CASE("a hit says which window of a long document won") {
  const CrossEncoder model = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  std::string text;
  for (int i = 0; i < 300; ++i) text += "Bananas are yellow. ";
  const std::string answer = "Paris is the capital of France.";
  const Cascade cascade(
      {{tamis::stages::rerank(model, {.on_truncation = tamis::OnTruncation::window}),
        {.keep = 2, .limit = 2}}});
  const auto hits = cascade.run("capital of France", {{.id = "long", .text = text + answer}}).hits;
  REQUIRE(hits.at(0).scores.size() == 1);
  const auto span = hits[0].scores[0].span;
  REQUIRE(span.has_value());
  CHECK(span->begin > 0);
  CHECK(span->end == text.size() + answer.size());
}
