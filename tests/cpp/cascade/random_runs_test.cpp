// 10,000 runs through random slow, failing and dead stages: the deadline holds within one piece of
// work, and no candidate is lost.
#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <tamis/cascade/cascade.hpp>
#include <tamis/cascade/select.hpp>

#include "support/catch.hpp"

using namespace std::chrono_literals;
using tamis::AnyStage;
using tamis::Candidate;
using tamis::Cascade;
using tamis::CascadeStage;
using tamis::ManualClock;

namespace {

/// The longest that one call of a stage takes.
constexpr auto kSlowest = 40ms;

/// Scores at random, slowly, wrongly, or not at all.
AnyStage wild(const std::shared_ptr<ManualClock>& clock, std::mt19937& random, std::string name) {
  const unsigned seed = random();
  const auto state = std::make_shared<std::mt19937>(seed);
  return {tamis::StageTraits{.name = name, .scorer = name, .divisible = random() % 2 == 0},
          [clock, state](const tamis::StageCall& call) -> tamis::StageResult {
            std::mt19937& dice = *state;
            clock->advance(std::chrono::milliseconds(dice() % (kSlowest / 1ms)));
            const unsigned kind = dice() % 12;
            if (kind == 0) throw std::runtime_error("dead");
            if (kind == 1) throw 7;
            if (kind == 2) return tamis::Selected{{}, "nonsense"};
            tamis::Scored scored{.scores = {}};
            for (std::size_t i = 0; i < call.texts.size(); ++i) {
              scored.scores.push_back(static_cast<float>(dice() % 5));
            }
            if (kind == 3 && !scored.scores.empty()) scored.scores.pop_back();
            if (kind == 4) scored.scores.push_back(1);
            if (kind == 5 && !scored.scores.empty()) {
              scored.scores[0] = std::numeric_limits<float>::quiet_NaN();
            }
            return scored;
          }};
}

AnyStage wild_selection(std::mt19937& random) {
  const auto state = std::make_shared<std::mt19937>(random());
  return {tamis::StageTraits{.name = "select", .kind = tamis::StageKind::select},
          [state](const tamis::StageCall& call) -> tamis::StageResult {
            tamis::Selected selected{.order = {}, .reason = "not wanted"};
            for (std::size_t i = 0; i < call.texts.size(); ++i) {
              if ((*state)() % 3 != 0) selected.order.push_back(i);
            }
            if ((*state)() % 8 == 0) selected.order.push_back((*state)() % 50);
            return selected;
          }};
}

Cascade random_cascade(const std::shared_ptr<ManualClock>& clock, std::mt19937& random) {
  std::vector<CascadeStage> stages;
  std::size_t keep = 40;
  const std::size_t count = 1 + random() % 4;
  for (std::size_t i = 0; i < count; ++i) {
    tamis::StageOptions options{.keep = keep, .limit = 1 + random() % 40};
    options.retries = random() % 3;
    options.chunk = 1 + random() % 9;
    if (random() % 3 == 0) options.share = 0.3;
    if (random() % 3 == 0) options.fallback = {wild(clock, random, "fallback")};
    const bool selects = random() % 4 == 0;
    stages.push_back(
        {selects ? wild_selection(random) : wild(clock, random, "wild" + std::to_string(i)),
         options});
    if (selects) stages.back().options.fallback.clear();
    keep = 1 + random() % keep;
  }
  return Cascade(std::move(stages), {.budget_ms = 100.0 + random() % 200, .clock = clock});
}

std::vector<Candidate> some(std::mt19937& random) {
  std::vector<Candidate> found;
  const std::size_t count = random() % 40;
  for (std::size_t i = 0; i < count; ++i) {
    // Now and then an id comes twice.
    found.push_back({std::to_string(random() % 60), std::string(random() % 300, 'x'), {}, {}});
  }
  return found;
}

std::multiset<std::string> everyone(const tamis::CascadeResult& result) {
  std::multiset<std::string> ids;
  for (const auto& hit : result.hits) ids.insert(hit.candidate.id);
  for (const auto& stage : result.trace.stages) {
    for (const auto& dropped : stage.dropped) ids.insert(dropped.id);
  }
  return ids;
}

}  // namespace

TEST_CASE("10,000 random runs lose no candidate and keep the deadline within one call") {
  std::mt19937 random(11);
  const auto clock = std::make_shared<ManualClock>();
  std::size_t late = 0;
  std::size_t lost = 0;
  for (int cascade_count = 0; cascade_count < 500; ++cascade_count) {
    const Cascade cascade = random_cascade(clock, random);
    for (int run = 0; run < 20; ++run) {
      const std::vector<Candidate> given = some(random);
      std::multiset<std::string> ids;
      for (const Candidate& candidate : given) ids.insert(candidate.id);
      const auto start = clock->now();
      const auto result = cascade.run("query", given);
      // 300 is the largest budget; a run's own is at least 100.
      const auto budget = std::chrono::milliseconds(300);
      if (clock->now() - start > budget + kSlowest) ++late;
      if (everyone(result) != ids) ++lost;
    }
  }
  CHECK(late == 0);
  CHECK(lost == 0);
}
