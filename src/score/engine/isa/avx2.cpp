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

#include "score/engine/isa/fp32.inc"
#include "score/engine/isa/int8_wide.inc"
#include "score/engine/isa/pointwise.inc"
#include "score/engine/isa/product.inc"

namespace {
constexpr auto kBf16 = stored_product<StoredBf16>("bf16");
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = Int8<WideDot>::product();
}  // namespace

#include "score/engine/isa/table.inc"
