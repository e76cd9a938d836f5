// score/engine/product.hpp: one precision's matrix product on one instruction set.
//
//   prepare(x)  ->  rows that `multiply` reads        (fp32, digits of it, bf16 or int8)
//   pack(W, b)  ->  panels of `panel` outputs each     (done once, at load)
//   multiply    ->  x W^T + b in fp32
//
// An element of the result is one fixed sequence of operations, whatever the number of rows.
#pragma once

#include <cstddef>
#include <string_view>

#include "score/engine/attention.hpp"

namespace tamis::engine {

/// A matrix of which element (output, input) is `data[output * output_stride + input *
/// input_stride]`.
struct MatrixView {
  const float* data;
  std::size_t outputs;
  std::size_t inputs;
  std::size_t output_stride;
  std::size_t input_stride;
  /// [outputs]: elements are whole numbers from -127 to 127 times it. Null: any numbers.
  const float* scales = nullptr;
};

/// A function applied to `n` elements of each of `rows` rows, `stride` floats apart.
using Pointwise = void (*)(float* x, std::size_t stride, std::size_t rows, std::size_t n);

/// Rows that `multiply` reads.
struct InputRows {
  const std::byte* data;
  std::size_t stride;  ///< bytes from row to row: row_bytes(inputs), or any if reads_floats()
};

/// Rows that are written, of floats or rounded to bf16. Their columns lie in groups, each with rows
/// of its own.
struct Groups {
  bool halves;              ///< bf16
  std::byte* data;          ///< of the first column of all
  std::size_t stride;       ///< bytes from row to row
  std::size_t width;        ///< columns of a group: whole panels, or all columns
  std::size_t group_bytes;  ///< from group to group
  std::size_t first;        ///< the column that is written first; whole panels are before it
};

struct Product {
  const char* precision;   ///< "fp32"
  const char* arithmetic;  ///< how exact: "fp32", "bf16", "int8"
  std::size_t panel;       ///< outputs of a panel
  std::size_t tile_rows;   ///< a block of rows costs as much as the next multiple of it
  /// Of a block whose activations stay in a core's cache through a whole part of a layer: weights
  /// are read once for each block, and the faster the product, the fewer times they can be.
  std::size_t block_rows;

  /// Bytes of an input in a prepared row, when rows can be prepared piece by piece; 0 when an
  /// element depends on its whole row (int8 and digits).
  std::size_t input_bytes;
  /// To 16 or 8 bits: errors of 1e-4 do not show.
  [[nodiscard]] bool rounds_inputs() const { return std::string_view(arithmetic) != "fp32"; }
  /// A prepared row is a row of fp32, and any such row is as good.
  [[nodiscard]] bool reads_floats() const { return input_bytes == sizeof(float); }
  /// Bytes of a prepared row.
  std::size_t (*row_bytes)(std::size_t inputs);
  /// Rows of x, `stride` floats apart, into rows `out_stride` bytes apart.
  void (*prepare)(const float* x, std::size_t stride, std::size_t rows, std::size_t inputs,
                  std::byte* out, std::size_t out_stride);
  /// Bytes of a panel. A multiple of 64.
  std::size_t (*panel_bytes)(std::size_t inputs);
  /// Writes ceil(outputs / panel) panels; `bias` [outputs] may be null.
  void (*pack)(const MatrixView& weight, const float* bias, std::byte* panels);
  /// c[rows, columns] = x W^T + b for the first `columns` outputs of `panels`, `inputs` being at
  /// least 1. What is right of `columns` is not written. Unless reads_floats(), rows may be read
  /// beyond `rows`, up to a multiple of 32.
  void (*multiply)(const InputRows& x, std::size_t rows, const std::byte* panels,
                   std::size_t columns, std::size_t inputs, float* c, std::size_t ldc);
  /// Attention of one head, both of its products in this arithmetic; the powers of its softmax have
  /// a relative error below 3e-7, and once more for each block of keys that has a new largest
  /// logit; below 8e-5 where they are rounded to bf16 then. Below 2^-100 of the largest so far they
  /// count as that. NaN and infinity among logits make NaN. `scratch` has attention_bytes
  /// and begins on a cache line. Null where activations are never multiplied by each other (int8,
  /// and digits).
  void (*attend)(const Attention& of, std::byte* scratch);
  std::size_t (*attention_bytes)(const Attention& of);
  /// then(x W^T + b) as rows that this product reads; `columns` is a multiple of 64. Null where the
  /// three one after the other are as fast.
  void (*multiply_then)(const InputRows& x, std::size_t rows, const std::byte* panels,
                        std::size_t columns, std::size_t inputs, Pointwise then, std::byte* out,
                        std::size_t out_stride) = nullptr;
  /// `attend` takes rows of bf16, too.
  bool attends_halves = false;
  /// then(x W^T + b) in fp32, as `multiply` writes it. Null where one after the other is as fast.
  void (*multiply_apply)(const InputRows& x, std::size_t rows, const std::byte* panels,
                         std::size_t columns, std::size_t inputs, Pointwise then, float* c,
                         std::size_t ldc) = nullptr;
  /// x W^T + b into groups of columns; of bf16, `columns` is a multiple of `panel`. Null where
  /// group by group is as fast; such a product writes no bf16, nor does one that rounds no inputs.
  void (*multiply_groups)(const InputRows& x, std::size_t rows, const std::byte* panels,
                          std::size_t columns, std::size_t inputs, const Groups& c) = nullptr;
};

/// Prepared rows that memory must be there for when `rows` are multiplied.
constexpr std::size_t readable_rows(std::size_t rows) { return (rows + 31) / 32 * 32; }

}  // namespace tamis::engine
