// gemm_benchmark.cpp: the engine's matrix product on the shapes of real encoders, one thread.
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"

namespace {

using tamis::engine::Kernels;

void gemm(benchmark::State& state, const tamis::engine::Product& product) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto outputs = static_cast<std::size_t>(state.range(1));
  const auto inputs = static_cast<std::size_t>(state.range(2));
  const std::vector<float> weight(outputs * inputs, 0.01F);
  const auto linear = tamis::engine::make_linear(product, weight, std::vector<float>(outputs, 0.5F),
                                                 outputs, inputs);
  const tamis::engine::Floats x(rows * inputs, 0.5F);
  tamis::engine::Floats y(rows * outputs);
  tamis::engine::Bytes prepared;
  for (auto _ : state) {
    tamis::engine::apply(linear, x.data(), rows, y.data(), prepared, {});
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 2e-9 * static_cast<double>(rows * outputs * inputs),
      benchmark::Counter::kIsRate);
}

const bool registered = [] {
  const std::vector<std::vector<std::int64_t>> shapes{
      {84, 1152, 384},  {84, 384, 384},   {84, 1536, 384},  {84, 384, 1536},
      {84, 3072, 1024}, {84, 4096, 1024}, {84, 1024, 4096}, {16, 384, 384}};
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    const Kernels& kernels = tamis::engine::kernels_for(*name);
    for (const auto* product : {&kernels.fp32, &kernels.bf16, &kernels.fp16, &kernels.int8}) {
      auto* const benchmark = benchmark::RegisterBenchmark(
          (std::string("gemm_") + *name + "_" + product->precision).c_str(),
          [product](benchmark::State& state) { gemm(state, *product); });
      for (const auto& shape : shapes) benchmark->Args(shape);
    }
  }
  return true;
}();

}  // namespace
