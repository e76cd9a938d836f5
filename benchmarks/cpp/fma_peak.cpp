// fma_peak.cpp: what this processor's multiply-add units give at most, to hold the GEMMs against.
//
// Registers only: no load can be the limit. `GFLOP` counts a multiply-add as two, by CPU time, so
// that a busy machine distorts little; read percent of peak from one run of this program.
#include <array>

#include <benchmark/benchmark.h>

namespace {

template <typename Vec>
[[gnu::always_inline]] inline void multiply_add(benchmark::State& state) {
  // 10 chains: more than latency times units asks for on any x86 of today.
  std::array<Vec, 10> sums{};
  Vec x = Vec{} + 0.5F;
  Vec y = Vec{} + 0.25F;
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
      asm volatile("" : "+x"(x), "+x"(y));
#pragma GCC unroll 10
      for (Vec& sum : sums) sum += x * y;
    }
    benchmark::DoNotOptimize(sums);
  }
  state.counters["GFLOP/s"] = benchmark::Counter(static_cast<double>(state.iterations()) * 1000 *
                                                     10 * 2 * (sizeof(Vec) / sizeof(float)) * 1e-9,
                                                 benchmark::Counter::kIsRate);
}

#if defined(__x86_64__)
[[gnu::target("avx2,fma")]] void peak_avx2(benchmark::State& state) {
  typedef float Vec __attribute__((vector_size(32)));
  if (__builtin_cpu_supports("fma") == 0) {
    state.SkipWithError("no FMA");
    return;
  }
  multiply_add<Vec>(state);
}
BENCHMARK(peak_avx2);

[[gnu::target("avx512f")]] void peak_avx512(benchmark::State& state) {
  typedef float Vec __attribute__((vector_size(64)));
  if (__builtin_cpu_supports("avx512f") == 0) {
    state.SkipWithError("no AVX-512");
    return;
  }
  multiply_add<Vec>(state);
}
BENCHMARK(peak_avx512);

/// Ten independent sums, as above; each instruction does `operations` of them.
constexpr int kChains = 10;

void count(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 1000 * kChains * operations * 1e-9,
      benchmark::Counter::kIsRate);
}

[[gnu::target("avx512f")]] void peak_avx512_bf16(benchmark::State& state) {
  typedef float Vec __attribute__((vector_size(64)));
  if (__builtin_cpu_supports("avx512bf16") == 0) {
    state.SkipWithError("no AVX512_BF16");
    return;
  }
  Vec sums[kChains] = {};
  const Vec x{};
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
#pragma GCC unroll 10
      for (Vec& sum : sums) asm volatile("vdpbf16ps %1, %1, %0" : "+v"(sum) : "v"(x));
    }
  }
  count(state, 64);
}
BENCHMARK(peak_avx512_bf16);

[[gnu::target("avx512f")]] void peak_avx512_vnni(benchmark::State& state) {
  typedef float Vec __attribute__((vector_size(64)));
  if (__builtin_cpu_supports("avx512vnni") == 0) {
    state.SkipWithError("no AVX512_VNNI");
    return;
  }
  Vec sums[kChains] = {};
  const Vec x{};
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
#pragma GCC unroll 10
      for (Vec& sum : sums) asm volatile("vpdpbusd %1, %1, %0" : "+v"(sum) : "v"(x));
    }
  }
  count(state, 128);
}
BENCHMARK(peak_avx512_vnni);
#endif

}  // namespace
