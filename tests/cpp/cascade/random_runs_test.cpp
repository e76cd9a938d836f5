// 10,000 runs through random slow, failing and dead stages: the deadline holds within one piece of
// work, and no candidate is lost.
#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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
using tamis::StageCall;
using tamis::StageResult;

namespace {

/// The longest that one call of a single run takes.
constexpr auto kSlowest = 40ms;

/// Scores at random, slowly, wrongly, or not at all. Calls of several runs take as long as those
/// that they stand for.
class Wild {
 public:
  Wild(std::shared_ptr<ManualClock> clock, std::mt19937& random, std::string name,
       std::size_t chunk)
      : clock_(std::move(clock)),
        dice_(std::make_shared<std::mt19937>(random())),
        name_(std::move(name)),
        divisible_(random() % 2 == 0),
        chunk_(chunk) {}

  [[nodiscard]] tamis::StageTraits traits() const {
    return {.name = name_, .scorer = name_, .divisible = divisible_};
  }
  [[nodiscard]] StageResult operator()(const StageCall& call) const {
    return many(std::span(&call, 1)).front();
  }
  [[nodiscard]] std::vector<StageResult> many(std::span<const StageCall> calls) const {
    std::size_t candidates = 0;
    for (const StageCall& call : calls) candidates += call.texts.size();
    const std::size_t pieces =
        divisible_ ? (candidates + chunk_ - 1) / chunk_ : std::max<std::size_t>(calls.size(), 1);
    clock_->advance(pieces * std::chrono::milliseconds(dice() % (kSlowest / 1ms)));
    std::vector<StageResult> results;
    for (const StageCall& call : calls) results.push_back(answer(call));
    return results;
  }

 private:
  [[nodiscard]] unsigned dice() const { return static_cast<unsigned>((*dice_)()); }

  [[nodiscard]] StageResult answer(const StageCall& call) const {
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
  }

  std::shared_ptr<ManualClock> clock_;
  std::shared_ptr<std::mt19937> dice_;
  std::string name_;
  bool divisible_;
  std::size_t chunk_;
};

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
    if (random() % 3 == 0) options.fallback = {Wild(clock, random, "fallback", options.chunk)};
    const bool selects = random() % 4 == 0;
    const std::string name = "wild" + std::to_string(i);
    stages.push_back(
        {selects ? wild_selection(random) : AnyStage(Wild(clock, random, name, options.chunk)),
         options});
    if (selects) stages.back().options.fallback.clear();
    keep = 1 + random() % keep;
  }
  return Cascade(std::move(stages), {.clock = clock});
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

std::multiset<std::string> ids_of(const std::vector<Candidate>& candidates) {
  std::multiset<std::string> ids;
  for (const Candidate& candidate : candidates) ids.insert(candidate.id);
  return ids;
}

std::multiset<std::string> everyone(const tamis::CascadeResult& result) {
  std::multiset<std::string> ids;
  for (const auto& hit : result.hits) ids.insert(hit.candidate.id);
  for (const auto& stage : result.trace.stages) {
    for (const auto& dropped : stage.dropped) ids.insert(dropped.id);
  }
  return ids;
}

/// Of all runs, those that were late by more than one call, and those that lost a candidate.
struct Faults {
  std::size_t late = 0;
  std::size_t lost = 0;
};

/// 10,000 runs of `queries` queries each.
Faults faults(std::size_t queries) {
  std::mt19937 random(11);
  const auto clock = std::make_shared<ManualClock>();
  Faults found;
  for (int cascade_count = 0; cascade_count < 500; ++cascade_count) {
    const Cascade cascade = random_cascade(clock, random);
    for (int run = 0; run < 20; ++run) {
      std::vector<std::vector<Candidate>> given;
      for (std::size_t i = 0; i < queries; ++i) given.push_back(some(random));
      const std::vector<std::string_view> texts(queries, "query");
      const auto start = clock->now();
      const auto budget = std::chrono::milliseconds(20 + random() % 200);
      const auto results = cascade.run_many(texts, given, {.budget_ms = budget / 1ms});
      const int count = static_cast<int>(queries);
      if (clock->now() - start > count * budget + kSlowest) ++found.late;
      for (std::size_t i = 0; i < queries; ++i) {
        if (everyone(results[i]) != ids_of(given[i])) ++found.lost;
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("10,000 random runs lose no candidate and keep the deadline within one call") {
  const Faults found = faults(1);
  CHECK(found.late == 0);
  CHECK(found.lost == 0);
}

TEST_CASE("10,000 random runs of eight queries keep it too, all but one in a thousand") {
  const Faults found = faults(8);
  CHECK(found.late <= 10);
  CHECK(found.lost == 0);
}
