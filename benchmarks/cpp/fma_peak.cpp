// fma_peak.cpp: what this processor's multiply-add units give at most, to hold the GEMMs against.
//
// Registers only, where the name does not say otherwise: no load can be the limit. `GFLOP` counts a
// multiply-add as two, by CPU time, so that a busy machine distorts little; read percent of peak
// from one run of this program.
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>

#include <benchmark/benchmark.h>

#include "score/engine/aligned.hpp"
#include "score/engine/kernels.hpp"

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

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

constexpr TileConfig kTiles;

/// Whether the set "amx" runs here; asking makes the kernel permit its tiles.
bool has_tiles(benchmark::State& state) {
  const bool found = std::string_view(*tamis::engine::supported_kernels()) == "amx";
  if (!found) state.SkipWithError("no AMX");
  return found;
}

/// Normal numbers as bf16, which are any numbers as int8. A processor multiplies tiles of zeros a
/// fifth faster.
tamis::engine::Bytes some_numbers(std::size_t bytes) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  tamis::engine::Bytes memory(bytes);
  for (std::size_t at = 0; at + 2 <= bytes; at += 2) {
    const auto word = std::bit_cast<std::uint32_t>(normal(random));
    const auto half = static_cast<std::uint16_t>(word >> 16);
    std::memcpy(memory.data() + at, &half, sizeof(half));
  }
  return memory;
}

constexpr std::size_t kTile = 1024;

/// Four tiles of numbers at `from`.
void load_operands(const std::byte* from) {
  const std::size_t row = 64;
  asm volatile(
      "tileloadd (%0,%4,1), %%tmm4\n\ttileloadd (%1,%4,1), %%tmm5\n\t"
      "tileloadd (%2,%4,1), %%tmm6\n\ttileloadd (%3,%4,1), %%tmm7" ::"r"(from),
      "r"(from + kTile), "r"(from + 2 * kTile), "r"(from + 3 * kTile), "r"(row)
      : "memory");
}

/// 1000 turns of four tile products with `inputs` inputs each, a multiply-add counted as two.
template <typename Turn>
void tile_products(benchmark::State& state, double inputs, Turn turn) {
  if (!has_tiles(state)) return;
  asm volatile("ldtilecfg %0" ::"m"(kTiles));
  load_operands(some_numbers(4 * kTile).data());
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) turn();
  }
  asm volatile("tilerelease");
  state.counters["GFLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 1000 * 4 * 2 * 256 * inputs * 1e-9,
      benchmark::Counter::kIsRate);
}

void multiply_bf16() {
  asm volatile(
      "tdpbf16ps %tmm6, %tmm4, %tmm0\n\ttdpbf16ps %tmm7, %tmm4, %tmm1\n\t"
      "tdpbf16ps %tmm6, %tmm5, %tmm2\n\ttdpbf16ps %tmm7, %tmm5, %tmm3");
}

void peak_amx_bf16(benchmark::State& state) { tile_products(state, 32, multiply_bf16); }
BENCHMARK(peak_amx_bf16);

void peak_amx_int8(benchmark::State& state) {
  tile_products(state, 64, [] {
    asm volatile(
        "tdpbusd %tmm6, %tmm4, %tmm0\n\ttdpbusd %tmm7, %tmm4, %tmm1\n\t"
        "tdpbusd %tmm6, %tmm5, %tmm2\n\ttdpbusd %tmm7, %tmm5, %tmm3");
  });
}
BENCHMARK(peak_amx_int8);

/// The four operands loaded each time from `state.range(0)` bytes that are read in turn.
void peak_amx_bf16_loads(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  const tamis::engine::Bytes memory = some_numbers(bytes);
  std::size_t at = 0;
  tile_products(state, 32, [&] {
    load_operands(memory.data() + at);
    multiply_bf16();
    at = (at + 4 * kTile) % bytes;
  });
}
BENCHMARK(peak_amx_bf16_loads)->Arg(32 << 10)->Arg(1 << 20);
#endif

}  // namespace
