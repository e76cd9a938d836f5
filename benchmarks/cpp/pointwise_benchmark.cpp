// pointwise_benchmark.cpp: GELU, softmax's powers and layer norm, nanoseconds per element on one
// thread.
#include <cstddef>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "score/engine/kernels.hpp"
#include "score/engine/linear.hpp"

namespace {

using tamis::engine::Kernels;
using tamis::engine::Product;

constexpr std::size_t kWidth = 1536;

template <typename Step>
void elements(benchmark::State& state, Step step) {
  std::vector<float> start(kWidth);
  for (std::size_t i = 0; i < kWidth; ++i) start[i] = static_cast<float>(i % 97) * 0.1F - 4.8F;
  std::vector<float> x(kWidth);
  for (auto _ : state) {
    x = start;
    step(x);
    benchmark::DoNotOptimize(x.data());
    benchmark::ClobberMemory();
  }
  state.counters["ns/element"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * kWidth * 1e-9,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

const bool registered = [] {
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    const Kernels& kernels = tamis::engine::kernels_for(*name);
    const auto add = [&](const char* what, auto step) {
      benchmark::RegisterBenchmark((std::string(what) + "_" + *name).c_str(),
                                   [step](benchmark::State& state) { elements(state, step); });
    };
    using Row = std::vector<float>;
    add("gelu_erf", [&kernels](Row& x) { kernels.gelu_erf(x.data(), x.size(), 1, x.size()); });
    add("gelu_tanh", [&kernels](Row& x) { kernels.gelu_tanh(x.data(), x.size(), 1, x.size()); });
    add("layer_norm", [&kernels](Row& x) {
      static const Row ones(kWidth, 1.0F);
      kernels.layer_norm(x.data(), nullptr, ones.data(), ones.data(), 1e-12F, x.data(), x.size());
    });
  }
  return true;
}();

}  // namespace
