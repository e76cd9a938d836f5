// gemm_benchmark.cpp: the engine's matrix product on the shapes of real encoders, one thread.
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "fp32_products.hpp"
#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"

namespace {

using tamis::engine::Kernels;

/// Processors multiply tiles of zeros, or of one number, faster than tiles of different ones.
template <typename Values>
Values normal_floats(std::size_t count, float spread) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::normal_distribution<float> normal(0, spread);
  Values values(count);
  for (float& value : values) value = normal(random);
  return values;
}

void gemm(benchmark::State& state, const Kernels& kernels, const tamis::engine::Product& product) {
  const auto rows = static_cast<std::size_t>(state.range(0));
  const auto outputs = static_cast<std::size_t>(state.range(1));
  const auto inputs = static_cast<std::size_t>(state.range(2));
  const auto linear =
      linear_of(kernels, product, normal_floats<std::vector<float>>(outputs * inputs, 0.05F),
                outputs, inputs);
  const auto x = normal_floats<tamis::engine::Floats>(rows * inputs, 1.0F);
  tamis::engine::Floats y(rows * outputs);
  tamis::engine::Bytes prepared;
  const auto ready = tamis::engine::prepare(linear, x.data(), rows, prepared);
  for (auto _ : state) {
    tamis::engine::multiply(linear, ready, rows, y.data(), {});
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
      {84, 3072, 1024}, {84, 4096, 1024}, {84, 1024, 4096}, {16, 384, 384},
      {256, 1152, 384}, {256, 384, 384},  {256, 1536, 384}, {256, 384, 1536}};
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    const Kernels& kernels = tamis::engine::kernels_for(*name);
    for (const auto* product : {&kernels.fp32, &kernels.fp32_layers, &kernels.fp32_of_int8,
                                &kernels.bf16, &kernels.fp16, &kernels.int8}) {
      const char* const of_layers = layers_of(kernels, product);
      if (of_layers == nullptr) continue;
      auto* const benchmark = benchmark::RegisterBenchmark(
          (std::string("gemm_") + *name + "_" + product->precision + of_layers).c_str(),
          [&kernels, product](benchmark::State& state) { gemm(state, kernels, *product); });
      for (const auto& shape : shapes) benchmark->Args(shape);
    }
  }
  return true;
}();

}  // namespace
