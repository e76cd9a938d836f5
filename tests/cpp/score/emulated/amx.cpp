// The products of isa/amx.inc over tiles that are plain arrays, for processors without AMX.
#define TAMIS_VECTOR_BYTES 64
#define TAMIS_ROWS 4
#define TAMIS_KERNELS kernels_amx_emulated
#define TAMIS_KERNELS_NAME "amx_emulated"
#include "score/engine/isa/amx.inc"

#include "score/engine/isa/pointwise.inc"
#include "score/engine/isa/vector.inc"

namespace {

/// As the manual describes the instructions: 16 rows of 64 bytes each.
struct Tiles {
  static inline byte memory[8][16][64];

  static void start() {}
  static void end() {}
  static void zero() { __builtin_memset(memory, 0, 4 * sizeof(memory[0])); }
  static void load(int tile, const byte* from, size_t stride) {
    for (size_t row = 0; row < 16; ++row)
      __builtin_memcpy(memory[tile][row], from + row * stride, 64);
  }
  static void start_at(const byte* bias) {
    for (int tile = 0; tile < 4; ++tile) load(tile, bias + tile % 2 * 64, 0);
  }
  static void load_rows(const byte* from, size_t stride, bool both) {
    load(4, from, stride);
    if (both) load(5, from + 16 * stride, stride);
  }
  static void load_tiles(const byte* upper, const byte* lower, bool both) {
    load(4, upper, 64);
    if (both) load(5, lower, 64);
  }
  static void load_weights(const byte* from) {
    load(6, from, kStep);
    load(7, from + 64, kStep);
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
  static void bf16(int c, int a, int b) {
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
  static void int8(int c, int a, int b) {
    for (size_t m = 0; m < 16; ++m) {
      for (size_t n = 0; n < 16; ++n) {
        int32_t sum = element<int32_t>(c, m, n);
        for (size_t k = 0; k < 64; ++k) {
          sum += element<uint8_t>(a, m, k) * element<int8_t>(b, k / 4, 4 * n + k % 4);
        }
        put(c, m, n, sum);
      }
    }
  }
  static void dot_bf16(bool both) {
    for (int lower = 0; lower <= (both ? 1 : 0); ++lower) {
      bf16(2 * lower, 4 + lower, 6);
      bf16(2 * lower + 1, 4 + lower, 7);
    }
  }
  static void dot_int8(bool both) {
    for (int lower = 0; lower <= (both ? 1 : 0); ++lower) {
      int8(2 * lower, 4 + lower, 6);
      int8(2 * lower + 1, 4 + lower, 7);
    }
  }
  static void store(byte* to, size_t stride, bool both) {
    for (size_t tile = 0; tile < (both ? 4 : 2); ++tile) {
      for (size_t row = 0; row < 16; ++row) {
        __builtin_memcpy(to + (tile / 2 * 16 + row) * stride + tile % 2 * 64, memory[tile][row],
                         64);
      }
    }
  }
};

constexpr auto kFp32Layers = amx_split<Tiles>();
constexpr auto kBf16 = amx_bf16<Tiles>();
constexpr auto kFp16 = stored_product<StoredFp16>("fp16");
constexpr auto kInt8 = amx_int8<Tiles>();
}  // namespace

#include "score/engine/isa/table.inc"
