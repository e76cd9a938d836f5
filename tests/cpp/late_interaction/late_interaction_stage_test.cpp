// Late interaction as a stage of a cascade, before a cross-encoder.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/late_interaction.hpp>
#include <tamis/cascade/rerank.hpp>
#include <tamis/model/bundle.hpp>

#include "late_interaction/default_model.hpp"
#include "support/catch.hpp"

namespace {

std::filesystem::path tiny_model() {
  return std::filesystem::path(TAMIS_DEFAULT_MODEL).parent_path() / "tiny";
}

}  // namespace

TEST_CASE("late interaction thins out before a cross-encoder", "[late_interaction]") {
  const tamis::CrossEncoder last = tamis::CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  const tamis::Cascade cascade(
      {{tamis::stages::late_interaction(tamis::LateInteraction::load(tiny_model())),
        {.keep = 2, .limit = 10}},
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

TEST_CASE("late interaction before a cross-encoder that gives the same scores is warned of",
          "[late_interaction]") {
  const auto warnings = [](const auto& folder, const tamis::LateInteractionOptions& how) {
    return tamis::Cascade(
               {{tamis::stages::late_interaction(tamis::LateInteraction::load(folder, how)),
                 {.keep = 2, .limit = 10}},
                {tamis::stages::rerank(tamis::CrossEncoder::load(folder)), {.keep = 1}}})
        .warnings();
  };
  const auto found = warnings(tiny_model(), {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("same scorer side by side") != std::string::npos);
  CHECK(warnings(tiny_model(), {.max_length = 128}).size() == 1);  // the same of what it reads
  CHECK(warnings(TAMIS_DEFAULT_MODEL, {}).empty());                // which reads texts together
}
