// score/engine/isa/avx512.cpp: AVX-512 F, VL, DQ and BW. Flags: CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 14
#define TAMIS_KERNELS kernels_avx512
#define TAMIS_KERNELS_NAME "avx512"
#include "score/engine/isa/avx512.inc"

#include "score/engine/isa/int8_wide.inc"

namespace {
inline IntVec multiply_shorts(IntVec a, IntVec b) {
  return reinterpret_cast<IntVec>(
      _mm512_madd_epi16(reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
constexpr auto kBf16 = stored_product<StoredBf16>("bf16");
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = Int8<WideDot>::product();
}  // namespace

#include "score/engine/isa/table.inc"
