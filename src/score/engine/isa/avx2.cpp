// score/engine/isa/avx2.cpp: AVX2 with FMA. Flags: CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 32
#define TAMIS_ROWS 6
#define TAMIS_KERNELS kernels_avx2
#define TAMIS_KERNELS_NAME "avx2"
#include <immintrin.h>

#include "score/engine/isa/vector.inc"

namespace {
inline IntVec multiply_shorts(IntVec a, IntVec b) {
  return reinterpret_cast<IntVec>(
      _mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
}  // namespace

#include "score/engine/isa/plain_set.inc"
