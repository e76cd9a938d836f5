// score/engine/kernels.hpp: the arithmetic of an encoder, once for each instruction set.
//
// Every function gives an output element by one fixed sequence of operations, whatever the number
// of rows: a score does not depend on its batch.
#pragma once

#include <cstddef>
#include <string>

namespace tamis::engine {

struct Kernels {
  const char* name;   ///< "avx2"
  std::size_t panel;  ///< columns of a packed panel

  /// c[m, n] = a[m, k] * b + bias. `b`: ceil(n / panel) panels of [k, panel], the last one padded
  /// with zeros; `bias` has n values or is null. Rows of c beyond n columns are not written.
  void (*gemm)(const float* a, std::size_t lda, const float* b, const float* bias, float* c,
               std::size_t ldc, std::size_t m, std::size_t n, std::size_t k);
  /// x = x * Phi(x) with the error function; absolute error below 4e-7 * max(1, |x|).
  void (*gelu_erf)(float* x, std::size_t n);
  /// x = 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); error as above.
  void (*gelu_tanh)(float* x, std::size_t n);
  /// x = max(x, 0), NaN kept.
  void (*relu)(float* x, std::size_t n);
  /// x = x / (1 + exp(-x)).
  void (*silu)(float* x, std::size_t n);
  /// x = exp(x - max) / sum; n >= 1.
  void (*softmax)(float* x, std::size_t n);
  /// out = (x + y - mean) / sqrt(variance + eps) * gain + shift; y may be null.
  void (*layer_norm)(const float* x, const float* y, const float* gain, const float* shift,
                     float eps, float* out, std::size_t n);
};

/// The best set that this processor runs, or the lower one that TAMIS_ISA names: portable, avx2,
/// avx512. Throws InvalidArgument for another name or a set that the processor lacks.
[[nodiscard]] const Kernels& kernels();

/// The set of that name. Throws as `kernels` does.
[[nodiscard]] const Kernels& kernels_for(const std::string& name);

/// Names of all sets that this processor runs, best first.
[[nodiscard]] const char* const* supported_kernels() noexcept;  // null-terminated

}  // namespace tamis::engine
