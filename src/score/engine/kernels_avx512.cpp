// score/engine/kernels_avx512.cpp: see kernels_impl.inc; the flags are in CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 12
#define TAMIS_KERNELS kernels_avx512
#define TAMIS_KERNELS_NAME "avx512"
#include "score/engine/kernels_impl.inc"
