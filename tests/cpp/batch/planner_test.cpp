// Laws of plan_batches: each index once, longest first, budgets kept.
#include <algorithm>
#include <random>

#include <tamis/batch/planner.hpp>

#include "support/catch.hpp"

using tamis::plan_batches;
using tamis::PlanOptions;

namespace {

std::vector<std::size_t> random_lengths(std::mt19937& random, std::size_t count) {
  std::uniform_int_distribution<std::size_t> length(0, 700);
  std::vector<std::size_t> lengths(count);
  std::generate(lengths.begin(), lengths.end(), [&] { return length(random); });
  return lengths;
}

}  // namespace

TEST_CASE("no lengths give no batches", "[batch]") {
  CHECK(plan_batches(std::vector<std::size_t>{}, PlanOptions{}).empty());
}

TEST_CASE("a pair above the token budget has a batch of its own", "[batch]") {
  const std::vector<std::size_t> lengths{10, 900, 20};
  const auto plan = plan_batches(lengths, {.max_tokens = 100, .max_pairs = 8});
  REQUIRE(plan.size() == 2);
  CHECK(plan[0] == std::vector<std::uint32_t>{1});
  CHECK(plan[1] == std::vector<std::uint32_t>{2, 0});
}

TEST_CASE("equal lengths keep their order", "[batch]") {
  const std::vector<std::size_t> lengths(5, 7);
  const auto plan = plan_batches(lengths, {.max_tokens = 1000, .max_pairs = 3});
  REQUIRE(plan.size() == 2);
  CHECK(plan[0] == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(plan[1] == std::vector<std::uint32_t>{3, 4});
}

TEST_CASE("an even plan gives every core as many tokens", "[batch]") {
  const std::vector<std::size_t> lengths(100, 68);
  const PlanOptions options{.max_tokens = 512, .max_pairs = 64, .even = true};
  CHECK(plan_batches(lengths, {.max_tokens = 512, .max_pairs = 64}, 2).size() == 15);
  CHECK(plan_batches(lengths, options, 2).size() == 20);  // of five pairs each
  // Three for each of two cores, and one that they share.
  CHECK(plan_batches(std::span(lengths).first(7), options, 2).back().size() == 1);
  for (const std::size_t cores : {1, 2, 3, 8, 16}) {
    const auto plan = plan_batches(lengths, options, cores);
    const std::size_t whole = plan.size() / cores * cores;
    std::vector<std::size_t> pairs(cores, 0);
    std::size_t shared = 0;
    for (std::size_t i = 0; i < plan.size(); ++i) {
      (i < whole ? *std::min_element(pairs.begin(), pairs.end()) : shared) += plan[i].size();
    }
    const auto [least, most] = std::minmax_element(pairs.begin(), pairs.end());
    CHECK(*most - *least <= 2);
    CHECK(shared < cores);
  }
}

TEST_CASE("pairs that cannot be shared out evenly are cut by the budget alone", "[batch]") {
  const PlanOptions options{.max_tokens = 512, .max_pairs = 64, .even = true};
  for (const auto& lengths : {std::vector<std::size_t>{500, 30}, std::vector<std::size_t>(5, 250),
                              std::vector<std::size_t>(1, 9)}) {
    CHECK(plan_batches(lengths, options, 2) ==
          plan_batches(lengths, {.max_tokens = 512, .max_pairs = 64}));
  }
}

TEST_CASE("a plan is a permutation, sorted, within its budgets", "[batch]") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const auto lengths = random_lengths(random, random() % 300);
    const PlanOptions options{
        .max_tokens = 1 + random() % 2000, .max_pairs = 1 + random() % 50, .even = round % 2 == 0};
    const std::size_t cores = 1 + random() % 8;
    std::vector<std::uint32_t> seen;
    for (const auto& batch : plan_batches(lengths, options, cores)) {
      std::size_t tokens = 0;
      for (const std::uint32_t index : batch) tokens += lengths[index];
      REQUIRE(!batch.empty());
      REQUIRE(batch.size() <= options.max_pairs);
      REQUIRE((tokens <= options.max_tokens || batch.size() == 1));
      seen.insert(seen.end(), batch.begin(), batch.end());
    }
    REQUIRE(std::is_sorted(seen.begin(), seen.end(), [&](std::uint32_t left, std::uint32_t right) {
      return lengths[left] > lengths[right];
    }));
    std::sort(seen.begin(), seen.end());
    REQUIRE(seen.size() == lengths.size());
    for (std::size_t i = 0; i < seen.size(); ++i) REQUIRE(seen[i] == i);
  }
}
