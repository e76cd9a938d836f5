// score/engine/isa/portable.cpp: what every processor runs, and the reference for the others.
#define TAMIS_VECTOR_BYTES 16
#define TAMIS_ROWS 4
#define TAMIS_KERNELS kernels_portable
#define TAMIS_KERNELS_NAME "portable"
#include "score/engine/isa/vector.inc"

namespace {
inline IntVec multiply_shorts(IntVec a, IntVec b) {
  return ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
}
}  // namespace

#include "score/engine/isa/plain_set.inc"
