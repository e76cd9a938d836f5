// score/engine/isa/avx512.cpp: AVX-512 F, VL, DQ and BW. Flags: CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 14
#define TAMIS_KERNELS kernels_avx512
#define TAMIS_KERNELS_NAME "avx512"
#include "score/engine/isa/avx512.inc"

namespace {
constexpr auto kBf16 = rounded_product<StoredHalf<Bf16Bits>>("bf16", "fp32");
constexpr auto kFp16 = rounded_product<StoredHalf<Fp16Bits>>("fp16", "fp32");
constexpr auto kInt8 = Int8<WideDot>::product();
}  // namespace

#include "score/engine/isa/table.inc"
