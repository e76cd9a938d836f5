// score/engine/isa/amx.cpp: AVX-512 with AMX tiles for bf16 and int8 (Sapphire Rapids and later).
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 14
#define TAMIS_KERNELS kernels_amx
#define TAMIS_KERNELS_NAME "amx"
#include "score/engine/isa/amx.inc"

#include "score/engine/isa/amx_tiles.inc"
#include "score/engine/isa/avx512.inc"

namespace {
constexpr auto kFp32Alone = amx_fp32<Tiles>();
constexpr auto kFp32Layers = amx_digits<AmxDigits<kDigits>, Tiles>();
constexpr auto kFp32OfInt8 = amx_digits<AmxDigits<1>, Tiles>();
constexpr auto kBf16 = amx_bf16<Tiles>();
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = amx_int8<Tiles>();
}  // namespace

#include "score/engine/isa/table.inc"
