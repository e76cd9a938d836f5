// score/engine/isa/avx512_vnni.cpp: AVX-512 with VNNI (Cascade Lake, Ice Lake).
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 14
#define TAMIS_KERNELS kernels_avx512_vnni
#define TAMIS_KERNELS_NAME "avx512_vnni"
#include "score/engine/isa/avx512.inc"
#include "score/engine/isa/int8_dot.inc"

namespace {
inline IntVec add_byte_products(IntVec sum, IntVec a, IntVec b) {
  return reinterpret_cast<IntVec>(_mm512_dpbusd_epi32(
      reinterpret_cast<__m512i>(sum), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
constexpr auto kFp32Alone = kFp32;
constexpr auto kFp32Layers = kFp32;
constexpr auto kFp32OfInt8 = kFp32;
constexpr auto kBf16 = stored_product<StoredBf16>("bf16");
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = Int8<VnniDot>::product();
}  // namespace

#include "score/engine/isa/table.inc"
