// score/engine/isa/neon.cpp: 64-bit ARM. As portable.cpp, with tiles for its 32 vector registers.
#define TAMIS_VECTOR_BYTES 16
#define TAMIS_ROWS 12
#define TAMIS_KERNELS kernels_neon
#define TAMIS_KERNELS_NAME "neon"
#include <arm_neon.h>

#include "score/engine/isa/vector.inc"

namespace {
inline IntVec multiply_shorts(IntVec a, IntVec b) {
  const int16x8_t x = reinterpret_cast<int16x8_t>(a);
  const int16x8_t y = reinterpret_cast<int16x8_t>(b);
  return reinterpret_cast<IntVec>(
      vpaddq_s32(vmull_s16(vget_low_s16(x), vget_low_s16(y)), vmull_high_s16(x, y)));
}
}  // namespace

#include "score/engine/isa/plain_set.inc"
