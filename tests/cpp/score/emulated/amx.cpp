// The products of isa/amx.inc over tiles that are plain arrays, for processors without AMX.
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 4
#define TAMIS_KERNELS kernels_amx_emulated
#define TAMIS_KERNELS_NAME "amx_emulated"
#include "score/engine/isa/amx.inc"

#include <stdlib.h>

#include "score/engine/isa/pointwise.inc"
#include "score/engine/isa/vector.inc"

namespace {

/// As the manual describes the instructions: 16 rows of 64 bytes each.
struct Tiles {
  static inline thread_local byte memory[8][16][64];
  static inline thread_local bool configured = false;

  /// Without a configuration the processor refuses every instruction of tiles.
  static void check() {
    if (!configured) abort();
  }
  static void start() {
    configured = true;
    __builtin_memset(memory, 0, sizeof(memory));
  }
  static void end() { configured = false; }
  template <int tile>
  static void zero() {
    check();
    __builtin_memset(memory[tile], 0, sizeof(memory[tile]));
  }
  template <int tile>
  static void load(const byte* from, size_t stride) {
    check();
    for (size_t row = 0; row < 16; ++row)
      __builtin_memcpy(memory[tile][row], from + row * stride, 64);
  }
  template <int tile>
  static void load_passing(const byte* from, size_t stride) {
    load<tile>(from, stride);
  }
  template <int tile>
  static void store(byte* to, size_t stride) {
    check();
    for (size_t row = 0; row < 16; ++row)
      __builtin_memcpy(to + row * stride, memory[tile][row], 64);
  }
  template <typename T>
  static T element(int tile, size_t row, size_t at) {
    T value;
    __builtin_memcpy(&value, &memory[tile][row][at * sizeof(T)], sizeof(T));
    return value;
  }
  template <typename T>
  static void put(int tile, size_t row, size_t at, T value) {
    __builtin_memcpy(&memory[tile][row][at * sizeof(T)], &value, sizeof(T));
  }
  static float widened(uint16_t half) {
    return __builtin_bit_cast(float, static_cast<uint32_t>(half) << 16);
  }
  template <int c, int a, int b>
  static void dot_bf16() {
    check();
    for (size_t m = 0; m < 16; ++m) {
      for (size_t n = 0; n < 16; ++n) {
        float sum = element<float>(c, m, n);
        for (size_t k = 0; k < 32; ++k) {
          sum += widened(element<uint16_t>(a, m, k)) *
                 widened(element<uint16_t>(b, k / 2, 2 * n + k % 2));
        }
        put(c, m, n, sum);
      }
    }
  }
  template <typename Input>
  static void dot_bytes(int c, int a, int b) {
    check();
    for (size_t m = 0; m < 16; ++m) {
      for (size_t n = 0; n < 16; ++n) {
        int32_t sum = element<int32_t>(c, m, n);
        for (size_t k = 0; k < 64; ++k) {
          sum += element<Input>(a, m, k) * element<int8_t>(b, k / 4, 4 * n + k % 4);
        }
        put(c, m, n, sum);
      }
    }
  }
  template <int c, int a, int b>
  static void dot_int8() {
    dot_bytes<uint8_t>(c, a, b);
  }
  template <int c, int a, int b>
  static void dot_digits() {
    dot_bytes<int8_t>(c, a, b);
  }
};

constexpr auto kFp32Alone = amx_fp32<Tiles>();
constexpr auto kFp32Layers = amx_digits<AmxDigits<kDigits>, Tiles>();
constexpr auto kFp32OfInt8 = amx_digits<AmxDigits<1>, Tiles>();
constexpr auto kBf16 = amx_bf16<Tiles>();
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = amx_int8<Tiles>();
}  // namespace

#include "score/engine/isa/table.inc"
