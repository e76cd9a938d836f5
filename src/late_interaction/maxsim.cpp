// late_interaction/maxsim.cpp: a product of all query tokens with the rows of a block of passages,
// then the greatest of each passage.
#include "late_interaction/maxsim.hpp"

#include <algorithm>
#include <vector>

#include "late_interaction/row_blocks.hpp"
#include "late_interaction/token_rows.hpp"
#include "parallel/parallel_for.hpp"

namespace tamis {
namespace {

using engine::Linear;

/// Per thread.
struct Scratch {
  engine::Floats row;
  engine::Bytes prepared;
  engine::Floats products;
  std::vector<float> best;
};

Scratch& scratch() {
  thread_local Scratch buffers;
  return buffers;
}

/// products[rows, stride] of all rows of the block with the query's vectors.
void multiply(const Linear& query, std::span<const EncodedPassage> block, std::size_t stride,
              Scratch& own) {
  const engine::Product& product = *query.product;
  std::size_t rows = 0;
  for (const EncodedPassage& passage : block) rows += passage.count;
  engine::reserve_rows(product, rows, query.inputs, own.prepared);
  own.products.resize(rows * stride);
  own.row.resize(query.inputs);
  std::byte* to = own.prepared.data();
  for (const EncodedPassage& passage : block) {
    for (std::size_t i = 0; i < passage.count; ++i, to += product.row_bytes(query.inputs)) {
      read_row(passage.rows.get() + i * row_bytes(query.inputs), query.inputs, own.row.data());
      product.prepare(own.row.data(), query.inputs, 1, query.inputs, to, 0);
    }
  }
  product.multiply({own.prepared.data(), product.row_bytes(query.inputs)}, rows,
                   query.panels.data(), query.outputs, query.inputs, own.products.data(), stride);
}

/// `products`: the passage's rows; the first one is its mean's, the first column the query's
/// mean's.
float logit_of(const EncodedQuery& query, const Mix& mix, const float* products, std::size_t rows,
               std::size_t stride, std::vector<float>& best) {
  const std::size_t columns = query.vectors.outputs;
  best.assign(products + stride, products + stride + columns);
  for (std::size_t row = 2; row < rows; ++row) {
    const float* const at = products + row * stride;
    for (std::size_t i = 0; i < columns; ++i) best[i] = std::max(best[i], at[i]);
  }
  double maxsim = 0;
  for (std::size_t i = 1; i < columns; ++i) {
    maxsim += query.weight[i - 1] * static_cast<double>(best[i]);
  }
  return static_cast<float>(mix.maxsim * maxsim + mix.cosine * static_cast<double>(products[0]) +
                            query.head);
}

void compare_block(const EncodedQuery& query, const Mix& mix, std::span<const EncodedPassage> block,
                   float* logits) {
  Scratch& own = scratch();
  const std::size_t stride = engine::padded(query.vectors.outputs);
  multiply(query.vectors, block, stride, own);
  const float* products = own.products.data();
  for (const EncodedPassage& passage : block) {
    *logits++ = logit_of(query, mix, products, passage.count, stride, own.best);
    products += passage.count * stride;
  }
}

}  // namespace

void compare(const EncodedQuery& query, const Mix& mix, std::span<const EncodedPassage> passages,
             std::span<float> logits) {
  const std::vector<std::size_t> ends =
      block_ends(passages.size(), [&](std::size_t i) { return passages[i].count; });
  parallel_for(ends.size(), [&](std::size_t i) {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    compare_block(query, mix, passages.subspan(begin, ends[i] - begin), logits.data() + begin);
  });
}

}  // namespace tamis
