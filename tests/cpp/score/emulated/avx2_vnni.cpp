// The int8 products of VNNI on 32-byte vectors, the instruction written out.
#define TAMIS_VECTOR_BYTES 32
#define TAMIS_ROWS 6
#define TAMIS_KERNELS kernels_avx2_vnni_emulated
#define TAMIS_KERNELS_NAME "avx2_vnni_emulated"
#include "score/engine/isa/fp32.inc"
#include "score/engine/isa/int8_dot.inc"
#include "score/engine/isa/pointwise.inc"

namespace {

inline IntVec add_byte_products(IntVec sum, IntVec a, IntVec b) {
  uint8_t left[TAMIS_VECTOR_BYTES];
  int8_t right[TAMIS_VECTOR_BYTES];
  __builtin_memcpy(left, &a, sizeof(left));
  __builtin_memcpy(right, &b, sizeof(right));
  for (size_t i = 0; i < kLanes; ++i) {
    for (size_t j = 4 * i; j < 4 * i + 4; ++j) sum[i] += left[j] * right[j];
  }
  return sum;
}

constexpr auto kFp32Alone = kFp32;
constexpr auto kFp32Layers = kFp32;
constexpr auto kFp32OfInt8 = kFp32;
constexpr auto kBf16 = stored_product<StoredBf16>("bf16");
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = Int8<VnniDot>::product();

}  // namespace

#include "score/engine/isa/table.inc"
