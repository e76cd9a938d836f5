// What a cascade says of itself before it runs.
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/select.hpp>

#include "cascade/some_stages.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace some;
using tamis::Cascade;
using tamis::CascadeStage;

TEST_CASE("construction says what is wrong") {
  const auto wrong = [](std::vector<CascadeStage> stages, tamis::CascadeOptions options = {}) {
    return message_of<tamis::InvalidArgument>(
        [&] { (void)Cascade(std::move(stages), std::move(options)); });
  };
  CHECK(contains(wrong({}), "at least one stage"));
  CHECK(contains(wrong({{finder(5), {.keep = 0}}}), "keep is 0"));
  CHECK(contains(wrong({{finder(5), {.keep = 5}}, {longest(), {.keep = 6}}}),
                 "keep is 6, more than the 5 that 'find' lets through"));
  CHECK(contains(wrong({{longest(), {.keep = 5}}}), "give it a limit"));
  CHECK(contains(wrong({{finder(5), {.keep = 5}}, {finder(5), {.keep = 5}}}),
                 "only the first stage retrieves"));
  CHECK(contains(wrong({{finder(5), {.keep = 5, .share = 1.5}}}), "share is 1.5"));
  CHECK(contains(wrong({{finder(5), {.keep = 5}}}, {.budget_ms = 0}), "budget_ms is 0"));
  CHECK(
      contains(wrong({{finder(5), {.keep = 5}}, {longest(), {.keep = 5, .blend = {{"bm25", 1}}}}}),
               "'bm25', which is no earlier stage"));
  for (const double odd : {-1.0, std::nan("")}) {
    CHECK(contains(wrong({{finder(5), {.keep = 5, .backoff_ms = odd}}}), "backoff_ms is"));
    CHECK(contains(wrong({{finder(5), {.keep = 5, .breaker_ms = odd}}}), "breaker_ms is"));
  }
  CHECK(contains(wrong({{finder(5), {.keep = 5, .skip_margin = std::nan("")}}}), "skip_margin"));
  CHECK(contains(wrong({{finder(5), {.keep = 5}},
                        {tamis::stages::deduplicate(), {.keep = 5, .blend = {{"find", 1}}}}}),
                 "are for stages that score"));
  CHECK(contains(wrong({{finder(5), {.keep = 5, .breaker = 0}}}), "breaker is 0"));
  CHECK(contains(
      wrong({{finder(5), {.keep = 5}}, {longest(), {.keep = 5, .blend = {{"find", HUGE_VAL}}}}}),
      "a weight must be finite"));
}

TEST_CASE("construction says what is not meant") {
  const auto warned = [](std::vector<CascadeStage> stages, std::optional<double> budget = {}) {
    const auto warnings = Cascade(std::move(stages), {.budget_ms = budget}).warnings();
    return warnings.size() == 1 ? warnings[0] : std::to_string(warnings.size()) + " warnings";
  };
  CHECK(contains(
      warned({{finder(5), {.keep = 5}}, {longest(), {.keep = 4}}, {longest(), {.keep = 3}}}),
      "same scorer side by side"));
  CHECK(contains(warned({{finder(5), {.keep = 5}},
                         {longest(), {.keep = 5}},
                         {longest({}, {}, "other"), {.keep = 3}}}),
                 "cannot change the result"));
  CHECK(contains(warned({{finder(9), {.keep = 9}},
                         {longest(), {.keep = 5, .limit = 5}},
                         {longest({}, {}, "other"), {.keep = 3}}}),
                 "cannot change the result"));
  CHECK(contains(
      warned({{longest(), {.keep = 5, .limit = 5}}, {longest({}, {}, "other"), {.keep = 3}}}),
      "cannot change the result"));
  CHECK(contains(warned({{finder(5), {.keep = 5}},
                         {longest(), {.keep = 4}},
                         {tamis::stages::threshold(0.5F), {.keep = 4}}}),
                 "not calibrated"));
  CHECK(contains(warned({{finder(5), {.keep = 5}},
                         {longest(), {.keep = 5}},
                         {tamis::stages::deduplicate(), {.keep = 4}},
                         {longest(), {.keep = 3}}}),
                 "same scorer side by side"));
  CHECK(contains(warned({{tamis::stages::threshold(0.5F), {.keep = 4}}}),
                 "'threshold' compares scores of 'input'"));
  const AnyStage sure{{.name = "sure", .scorer = "sure", .calibrated = true}, longest()};
  CHECK(warned({{sure, {.keep = 4, .limit = 4}},
                {tamis::stages::deduplicate(), {.keep = 4}},
                {tamis::stages::threshold(0.5F), {.keep = 4}}}) == "0 warnings");
  // What looks as if it changed nothing is seen by a later stage, or in a hurry.
  const AnyStage other = longest({}, {}, "other");
  CHECK(warned({{finder(5), {.keep = 5}},
                {longest(), {.keep = 5}},
                {other, {.keep = 4}},
                {sure, {.keep = 3, .blend = {{"longest", 0.5}}}}}) == "0 warnings");
  CHECK(warned({{finder(5), {.keep = 5}}, {longest(), {.keep = 5}}, {other, {.keep = 3}}}, 50.0) ==
        "0 warnings");
}
