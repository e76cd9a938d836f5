// score/engine/isa/avx512.cpp: AVX-512 F, VL, DQ and BW. Flags: CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 14
#define TAMIS_KERNELS kernels_avx512
#define TAMIS_KERNELS_NAME "avx512"
#include <immintrin.h>

#include "score/engine/isa/vector.inc"

namespace {
inline IntVec multiply_shorts(IntVec a, IntVec b) {
  return reinterpret_cast<IntVec>(
      _mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
}  // namespace

#include "score/engine/isa/plain_set.inc"
