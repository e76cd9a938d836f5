// gemm_benchmark.cpp: the engine's matrix product on the shapes of real encoders, one thread.
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "score/engine/kernels.hpp"
#include "score/engine/matrix.hpp"

namespace {

using tamis::engine::Kernels;

void gemm(benchmark::State& state, const Kernels& kernels) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto outputs = static_cast<std::size_t>(state.range(1));
  const auto inputs = static_cast<std::size_t>(state.range(2));
  const std::vector<float> weight(outputs * inputs, 0.01F);
  const auto linear = tamis::engine::make_linear(weight, std::vector<float>(outputs, 0.5F), outputs,
                                                 inputs, kernels.panel);
  const tamis::engine::Floats x(rows * inputs, 0.5F);
  tamis::engine::Floats y(rows * outputs);
  for (auto _ : state) {
    kernels.gemm(x.data(), inputs, linear.panels.data(), linear.bias.data(), y.data(), outputs,
                 rows, outputs, inputs);
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 2e-9 * static_cast<double>(rows * outputs * inputs),
      benchmark::Counter::kIsRate);
}

const bool registered = [] {
  const std::vector<std::vector<std::int64_t>> shapes{
      {96, 1152, 384},  {96, 384, 384},   {96, 1536, 384},  {96, 384, 1536},
      {96, 3072, 1024}, {96, 4096, 1024}, {96, 1024, 4096}, {16, 384, 384}};
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    const Kernels& kernels = tamis::engine::kernels_for(*name);
    auto* const benchmark =
        benchmark::RegisterBenchmark((std::string("gemm_") + *name).c_str(),
                                     [&kernels](benchmark::State& state) { gemm(state, kernels); });
    for (const auto& shape : shapes) benchmark->Args(shape);
  }
  return true;
}();

}  // namespace
