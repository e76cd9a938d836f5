// score/engine/kernels.hpp: the arithmetic of an encoder, once for each instruction set.
//
// Every function gives an output element by one fixed sequence of operations, whatever the number
// of rows: a score does not depend on its batch.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "score/engine/product.hpp"

namespace tamis::engine {

using Widen = void (*)(const std::byte* from, std::size_t n, float* to);

/// The next multiple of the floats of the widest vector.
constexpr std::size_t padded(std::size_t n) { return (n + 15) / 16 * 16; }

struct Kernels {
  const char* name;  ///< "avx2"

  Product fp32;
  /// Of an encoder's layers: by tiles of int8, with errors of fp32's order, relative to the largest
  /// input of a row and weight of an output (isa/amx_digits_multiply.inc); `fp32` itself where
  /// there are none.
  Product fp32_layers;
  /// The same of weights that have MatrixView::scales: fewer products, no error from the weights.
  /// Others are rounded to whole numbers up to 127 times a scale.
  Product fp32_of_int8;
  Product bf16;
  Product fp16;
  Product int8;

  /// x = x * Phi(x) with the error function; absolute error below 4e-7 * max(1, |x|).
  Pointwise gelu_erf;
  /// The same with an error below 1e-4 * max(1, |x|), for results that are rounded to 16 or 8 bits.
  Pointwise gelu_erf_near;
  /// x = 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))); error as above.
  Pointwise gelu_tanh;
  /// x = max(x, 0), NaN kept.
  Pointwise relu;
  /// x = x / (1 + exp(-x)).
  Pointwise silu;
  /// out = (x + y - mean) / sqrt(variance + eps) * gain + shift; y may be null.
  void (*layer_norm)(const float* x, const float* y, const float* gain, const float* shift,
                     float eps, float* out, std::size_t n);

  /// to[n] = the elements at `from`, exactly; infinity of fp16 becomes NaN.
  Widen widen_int8;
  Widen widen_bf16;
  Widen widen_fp16;
  /// largest[i] = max(largest[i], x[row, i] of all rows), NaN left out.
  void (*keep_largest)(const float* x, std::size_t stride, std::size_t rows, std::size_t n,
                       float* largest);

  /// "fp32", "bf16", "fp16" or "int8". Throws InvalidArgument for another name.
  [[nodiscard]] const Product& product(const std::string& precision) const;
  /// The same, of an encoder's layers; `of_int8`: all of their weights have scales.
  [[nodiscard]] const Product& layer_product(const std::string& precision, bool of_int8) const;
  /// Those that `auto` chooses from.
  [[nodiscard]] std::vector<const Product*> fastest_first() const;
  /// For the products of activations with each other in a model whose weights are `linear`'s:
  /// bf16 where that is faster than fp32, never int8.
  [[nodiscard]] const Product& attention_product(const Product& linear) const;
};

/// The best set that this processor runs, or the lower one that TAMIS_ISA names: portable; avx2,
/// avx2_vnni, avx512, avx512_vnni, avx512_bf16, amx on x86; neon, neon_dot on 64-bit ARM. Throws
/// InvalidArgument for another name or a set that the processor lacks.
[[nodiscard]] const Kernels& kernels();

/// The set of that name. Throws as `kernels` does.
[[nodiscard]] const Kernels& kernels_for(const std::string& name);

/// Names of all sets that this processor runs, best first.
[[nodiscard]] const char* const* supported_kernels() noexcept;  // null-terminated

}  // namespace tamis::engine
