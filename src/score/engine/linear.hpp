// score/engine/linear.hpp: a linear layer's weights, packed for one precision's product.
#pragma once

#include <cstddef>
#include <span>

#include "score/engine/aligned.hpp"
#include "score/engine/column_groups.hpp"
#include "score/engine/kernels.hpp"
#include "score/engine/panels.hpp"
#include "score/engine/team.hpp"

namespace tamis::engine {

/// y = x W^T + b with W [outputs, inputs].
struct Linear {
  const Product* product = nullptr;
  std::size_t outputs = 0;
  std::size_t inputs = 0;
  Panels panels;
};

/// Bytes of all panels. A multiple of 64.
[[nodiscard]] std::size_t packed_bytes(const Product& product, std::size_t outputs,
                                       std::size_t inputs);

/// `weight` as rows of `inputs` floats.
[[nodiscard]] MatrixView row_major(std::span<const float> weight, std::size_t outputs,
                                   std::size_t inputs);

/// `bias` [outputs], or empty: none. The first packed_bytes of `panels` are written and kept.
[[nodiscard]] Linear make_linear(const Product& product, const MatrixView& weight,
                                 std::span<const float> bias, Panels panels);

/// In memory of its own.
[[nodiscard]] Linear make_linear(const Product& product, const MatrixView& weight,
                                 std::span<const float> bias);

/// Of a row-major weight, in memory of its own.
[[nodiscard]] Linear make_linear(const Product& product, std::span<const float> weight,
                                 std::span<const float> bias, std::size_t outputs,
                                 std::size_t inputs);

/// Makes room for `rows` prepared rows.
void reserve_rows(const Product& product, std::size_t rows, std::size_t inputs, Bytes& prepared);

/// x as rows that the product reads; rows of x are `linear.inputs` floats apart. They are x itself
/// where nothing has to be done, else in `prepared`.
[[nodiscard]] InputRows prepare(const Linear& linear, const float* x, std::size_t rows,
                                Bytes& prepared);

/// `prepare` in steps, for who makes x row by row: where its rows will be, then each of them.
[[nodiscard]] InputRows place_rows(const Linear& linear, const float* x, std::size_t rows,
                                   Bytes& prepared);
void prepare_row(const Linear& linear, const float* x, std::size_t row, const InputRows& place,
                 Bytes& prepared);

/// y[rows, outputs] = x W^T + b; rows of y are `outputs` floats apart. A split team shares the
/// outputs.
void multiply(const Linear& linear, const InputRows& x, std::size_t rows, float* y,
              const Team& team);

/// As above, into columns that lie in groups: y is element (0, 0), `row` the first row written.
/// Elements are floats, or with `halves` bf16, where the product has multiply_groups and the
/// outputs are whole panels.
void multiply_grouped(const Linear& linear, const InputRows& x, std::size_t rows, std::byte* y,
                      bool halves, const ColumnGroups& groups, std::size_t row, const Team& team);

/// prepare, then multiply. `prepared`: scratch.
void apply(const Linear& linear, const float* x, std::size_t rows, float* y, Bytes& prepared,
           const Team& team);

/// As above, by this thread, of rows that are that many floats apart.
void apply_strided(const Linear& linear, const float* x, std::size_t x_stride, std::size_t rows,
                   float* y, std::size_t y_stride, Bytes& prepared);

/// then(x W^T + b) as the rows that `next` reads. What lies between stays in the first-level cache.
/// `next_rows`, `floats`: scratch.
[[nodiscard]] InputRows multiply_into(const Linear& linear, const InputRows& x, std::size_t rows,
                                      Pointwise then, const Linear& next, Bytes& next_rows,
                                      Floats& floats, const Team& team);

}  // namespace tamis::engine
