// score/engine/kernels_portable.cpp: see kernels_impl.inc; the flags are in CMakeLists.txt.
#define TAMIS_VECTOR_BYTES 16
#define TAMIS_ROWS 4
#define TAMIS_KERNELS kernels_portable
#define TAMIS_KERNELS_NAME "portable"
#include "score/engine/kernels_impl.inc"
