// score/engine/kernels_avx2.cpp: see kernels_impl.inc; the flags are in CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 32
#define TAMIS_ROWS 6
#define TAMIS_KERNELS kernels_avx2
#define TAMIS_KERNELS_NAME "avx2"
#include "score/engine/kernels_impl.inc"
