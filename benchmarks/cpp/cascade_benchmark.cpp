// cascade_benchmark.cpp: what a cascade itself costs: 200 candidates through three stages that do
// nothing but give scores.
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <tamis/cascade/cascade.hpp>

namespace {

using tamis::Candidate;

std::vector<Candidate> candidates() {
  std::vector<Candidate> found;
  for (int i = 0; i < 200; ++i) {
    found.push_back(
        {std::to_string(i), std::string(400, 'x'), 1.0F / static_cast<float>(i + 1), {}});
  }
  return found;
}

std::vector<float> scores(std::string_view, std::span<const std::string_view> texts) {
  std::vector<float> found;
  for (std::size_t i = 0; i < texts.size(); ++i)
    found.push_back(static_cast<float>(i * 7919 % 101));
  return found;
}

void overhead(benchmark::State& state) {
  const tamis::Cascade cascade(
      {{tamis::stages::callable("first", scores), {.keep = 100, .limit = 200}},
       {tamis::stages::callable("second", scores), {.keep = 25}},
       {tamis::stages::callable("third", scores), {.keep = 8}}},
      {.budget_ms = 1500});
  const std::vector<Candidate> given = candidates();
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Candidate> own = given;
    state.ResumeTiming();
    benchmark::DoNotOptimize(cascade.run("query", std::move(own)));
  }
}
BENCHMARK(overhead)->Unit(benchmark::kMicrosecond);

}  // namespace
