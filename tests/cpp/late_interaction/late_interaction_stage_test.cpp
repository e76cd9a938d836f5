// Late interaction as a stage of a cascade, before the cross-encoder of the same model.
#include <string_view>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/late_interaction.hpp>
#include <tamis/cascade/rerank.hpp>

#include "late_interaction/default_model.hpp"
#include "support/catch.hpp"

TEST_CASE("late interaction thins out before a cross-encoder", "[late_interaction]") {
  const tamis::CrossEncoder last = tamis::CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  const tamis::Cascade cascade(
      {{tamis::stages::late_interaction(test::default_model()), {.keep = 2, .limit = 10}},
       {tamis::stages::rerank(last), {.keep = 1}}});
  CHECK(cascade.warnings().empty());
  std::string text;
  for (int i = 0; i < 900; ++i) text += "banana ";
  const auto result =
      cascade.run("capital of France", {{"banana", text, 3.0F, {}},
                                        {"france", "Paris is the capital of France.", 2.0F, {}},
                                        {"rome", "Rome is the capital of Italy.", 1.0F, {}}});
  REQUIRE(result.hits.size() == 1);
  CHECK(result.hits[0].candidate.id == "france");
  CHECK(result.trace.stages[0].tokens > 500);
  CHECK(result.trace.stages[0].truncated == 1);
}
