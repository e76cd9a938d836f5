// score/engine/isa/avx2_vnni.cpp: AVX2 with AVX-VNNI (Alder Lake, Sierra Forest, Zen 5 and later).
#define TAMIS_VECTOR_BYTES 32
#define TAMIS_ROWS 6
#define TAMIS_KERNELS kernels_avx2_vnni
#define TAMIS_KERNELS_NAME "avx2_vnni"
#include <immintrin.h>

#include "score/engine/isa/fp32.inc"
#include "score/engine/isa/int8_dot.inc"
#include "score/engine/isa/pointwise.inc"

namespace {
inline IntVec add_byte_products(IntVec sum, IntVec a, IntVec b) {
  return reinterpret_cast<IntVec>(_mm256_dpbusd_avx_epi32(
      reinterpret_cast<__m256i>(sum), reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
constexpr auto kFp32Alone = kFp32;
constexpr auto kFp32Layers = kFp32;
constexpr auto kFp32OfInt8 = kFp32;
constexpr auto kBf16 = stored_product<StoredBf16>("bf16");
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = Int8<VnniDot>::product();
}  // namespace

#include "score/engine/isa/table.inc"
