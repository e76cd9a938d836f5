// score/engine/isa/neon_dot.cpp: 64-bit ARM with the dot products of Armv8.2 (Apple M1, Neoverse N1
// and later).
#define TAMIS_VECTOR_BYTES 16
#define TAMIS_ROWS 12
#define TAMIS_KERNELS kernels_neon_dot
#define TAMIS_KERNELS_NAME "neon_dot"
#include <arm_neon.h>

#include "score/engine/isa/fp32.inc"
#include "score/engine/isa/int8_dot.inc"
#include "score/engine/isa/pointwise.inc"

namespace {
inline IntVec add_byte_products(IntVec sum, IntVec a, IntVec b) {
  return reinterpret_cast<IntVec>(vdotq_s32(reinterpret_cast<int32x4_t>(sum),
                                            reinterpret_cast<int8x16_t>(a),
                                            reinterpret_cast<int8x16_t>(b)));
}
constexpr auto kFp32Alone = kFp32;
constexpr auto kFp32Layers = kFp32;
constexpr auto kFp32OfInt8 = kFp32;
constexpr auto kBf16 = stored_product<StoredBf16>("bf16");
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = Int8<SignedDot>::product();
}  // namespace

#include "score/engine/isa/table.inc"
