// model/sha256_x86.cpp: "Intel SHA Extensions" (Gulley et al., 2013), four rounds a step.
#include <cpuid.h>
#include <immintrin.h>

#include "model/sha256_blocks.hpp"

namespace tamis::detail {
namespace {

__m128i load(const void* from) { return _mm_loadu_si128(static_cast<const __m128i*>(from)); }
void store(void* to, __m128i value) { _mm_storeu_si128(static_cast<__m128i*>(to), value); }

/// The state as the instructions want it: a, b, e, f and c, d, g, h.
struct Halves {
  __m128i abef, cdgh;
};

Halves add_block(const Halves& before, const std::byte* block) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  auto [abef, cdgh] = before;
  __m128i w[4] = {};
  for (std::size_t i = 0; i < 16; ++i) {
    const __m128i last = w[(i + 3) % 4];
    if (i < 4) {
      w[i] = _mm_shuffle_epi8(load(block + 16 * i), swap);
    } else {
      __m128i next = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
      next = _mm_add_epi32(next, _mm_alignr_epi8(last, w[(i + 2) % 4], 4));
      w[i % 4] = _mm_sha256msg2_epu32(next, last);
    }
    const __m128i wk = _mm_add_epi32(w[i % 4], load(&kSha256Round[4 * i]));
    cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
    abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
  }
  return {_mm_add_epi32(abef, before.abef), _mm_add_epi32(cdgh, before.cdgh)};
}

}  // namespace

void add_sha256_blocks_x86(Sha256State& state, std::span<const std::byte> blocks) {
  const __m128i badc = _mm_shuffle_epi32(load(state.data()), 0xb1);
  const __m128i hgfe = _mm_shuffle_epi32(load(state.data() + 4), 0x1b);
  Halves halves{_mm_alignr_epi8(badc, hgfe, 8), _mm_blend_epi16(hgfe, badc, 0xf0)};
  for (; !blocks.empty(); blocks = blocks.subspan(64)) halves = add_block(halves, blocks.data());
  const __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xb1);
  store(state.data(), _mm_blend_epi16(feba, dchg, 0xf0));
  store(state.data() + 4, _mm_alignr_epi8(dchg, feba, 8));
}

bool has_sha256_x86() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0) return false;
  constexpr unsigned kSha = 1U << 29U;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & kSha) != 0;
}

}  // namespace tamis::detail
