// late_interaction/multi_vector.cpp: rows of documents pass by the packed query in pieces that stay
// in a core's cache.
#include <algorithm>
#include <cmath>
#include <limits>

#include <tamis/error.hpp>
#include <tamis/late_interaction/multi_vector.hpp>

#include "late_interaction/row_blocks.hpp"
#include "late_interaction/token_vectors.hpp"
#include "parallel/parallel_for.hpp"
#include "score/engine/linear.hpp"

namespace tamis {
namespace {

using engine::Kernels;
using engine::Linear;

// Elements of one product at most: what is written is still in the cache when read.
constexpr std::size_t kElements = std::size_t{1} << 16U;
constexpr float kLowest = -std::numeric_limits<float>::infinity();

bool kept(const TokenVectors& vectors, std::size_t row) {
  return vectors.mask.empty() || vectors.mask[row] != 0;
}

float scale_of(const TokenVectors& vectors, std::size_t row) {
  if (vectors.scales.empty()) return 1;
  return vectors.scales.size() == 1 ? vectors.scales[0] : vectors.scales[row];
}

/// The last row of the run of kept rows that begins at `row`, and one.
std::size_t end_of_run(const TokenVectors& vectors, std::size_t row) {
  if (vectors.mask.empty()) return vectors.rows;
  const auto from = vectors.mask.begin() + static_cast<std::ptrdiff_t>(row);
  return static_cast<std::size_t>(std::find(from, vectors.mask.end(), std::uint8_t{0}) -
                                  vectors.mask.begin());
}

bool finite(std::span<const float> values) {
  return std::all_of(values.begin(), values.end(),
                     [](float value) { return std::isfinite(value); });
}

/// out[rows, width]: as stored, without scales.
void read_rows(const Kernels& kernels, const TokenVectors& vectors, std::size_t first,
               std::size_t rows, float* out) {
  const auto* from = static_cast<const std::byte*>(vectors.data) + first * stride_of(vectors);
  for (std::size_t row = 0; row < rows; ++row, from += stride_of(vectors), out += vectors.width) {
    switch (vectors.type) {
      case VectorType::fp32:
        std::copy_n(reinterpret_cast<const float*>(from), vectors.width, out);
        break;
      case VectorType::fp16:
        kernels.widen_fp16(from, vectors.width, out);
        break;
      case VectorType::bf16:
        kernels.widen_bf16(from, vectors.width, out);
        break;
      case VectorType::int8:
        kernels.widen_int8(from, vectors.width, out);
        break;
    }
  }
}

Linear packed_query(const Kernels& kernels, const engine::Product& product,
                    const TokenVectors& query) {
  std::vector<float> rows(query.rows * query.width);
  std::size_t count = 0;
  for (std::size_t i = 0; i < query.rows; ++i) {
    if (!kept(query, i)) continue;
    const auto row = std::span(rows).subspan(count++ * query.width, query.width);
    read_rows(kernels, query, i, 1, row.data());
    for (float& value : row) value *= scale_of(query, i);
    if (!finite(row)) refuse_non_finite("the query", i);
  }
  rows.resize(count * query.width);
  return engine::make_linear(product, rows, {}, count, query.width);
}

const engine::Product& product_for(const Kernels& kernels, const TokenVectors& query,
                                   std::span<const TokenVectors> documents,
                                   const std::optional<std::string>& precision) {
  if (precision) return kernels.product(*precision);
  const auto is_bf16 = [](const TokenVectors& one) { return one.type == VectorType::bf16; };
  const bool all = is_bf16(query) && std::all_of(documents.begin(), documents.end(), is_bf16);
  return all ? kernels.bf16 : kernels.fp32;
}

/// Per thread.
struct Scratch {
  engine::Floats rows;
  engine::Bytes prepared;
  engine::Floats products;
  engine::Floats best;  ///< [documents of the range, query's vectors]
};

Scratch& scratch() {
  thread_local Scratch buffers;
  return buffers;
}

/// Rows of one document that are in the piece.
struct Part {
  std::size_t document;
  std::size_t first;  ///< of the document's rows
  std::size_t rows;
};

/// Documents [begin, end) against the query. A piece is filled with rows of one or many of them.
class Range {
 public:
  Range(const Kernels& kernels, const Linear& query, std::span<const TokenVectors> documents,
        std::size_t begin, std::size_t end)
      : kernels_(kernels),
        query_(query),
        documents_(documents),
        begin_(begin),
        end_(end),
        stride_(engine::padded(query.outputs)),
        capacity_(std::clamp(kElements / stride_, std::size_t{32}, kBlockRows)),
        own_(scratch()) {}

  void run(std::span<float> scores) {
    engine::reserve_rows(*query_.product, capacity_, query_.inputs, own_.prepared);
    own_.products.resize(capacity_ * stride_);
    own_.best.assign((end_ - begin_) * query_.outputs, kLowest);
    for (std::size_t document = begin_; document < end_; ++document) read(document);
    flush();
    for (std::size_t document = begin_; document < end_; ++document) {
      const float* const best = best_of(document);
      double sum = 0;
      for (std::size_t i = 0; i < query_.outputs; ++i) sum += static_cast<double>(best[i]);
      scores[document] = static_cast<float>(sum);
      if (!std::isfinite(scores[document])) refuse_non_finite(name_of(document), 0);
    }
  }

 private:
  [[nodiscard]] float* best_of(std::size_t document) const {
    return own_.best.data() + (document - begin_) * query_.outputs;
  }

  void read(std::size_t document) {
    const TokenVectors& vectors = documents_[document];
    for (std::size_t row = 0; row < vectors.rows; ++row) {
      const std::size_t end = kept(vectors, row) ? end_of_run(vectors, row) : row;
      while (row < end) {
        const std::size_t rows = std::min(end - row, capacity_ - filled_);
        prepare(vectors, {document, row, rows});
        row += rows;
        if (filled_ == capacity_) flush();
      }
    }
  }

  void prepare(const TokenVectors& vectors, const Part& part) {
    const engine::Product& product = *query_.product;
    const std::size_t width = query_.inputs;
    const std::size_t row_bytes = product.row_bytes(width);
    const float* from = nullptr;
    std::size_t stride = width;
    if (vectors.type == VectorType::fp32) {
      stride = stride_of(vectors) / sizeof(float);
      from = static_cast<const float*>(vectors.data) + part.first * stride;
    } else {
      own_.rows.resize(part.rows * width);
      read_rows(kernels_, vectors, part.first, part.rows, own_.rows.data());
      from = own_.rows.data();
    }
    if (product.input_bytes == 0) {  // int8 keeps no NaN that a product would show
      for (std::size_t i = 0; i < part.rows; ++i) {
        if (!finite({from + i * stride, width})) {
          refuse_non_finite(name_of(part.document), part.first + i);
        }
      }
    }
    product.prepare(from, stride, part.rows, width, own_.prepared.data() + filled_ * row_bytes,
                    row_bytes);
    parts_.push_back(part);
    filled_ += part.rows;
  }

  void flush() {
    if (filled_ == 0) return;
    query_.product->multiply({own_.prepared.data(), query_.product->row_bytes(query_.inputs)},
                             filled_, query_.panels.data(), query_.outputs, query_.inputs,
                             own_.products.data(), stride_);
    float* products = own_.products.data();
    for (const Part& part : parts_) {
      fold(part, products);
      products += part.rows * stride_;
    }
    parts_.clear();
    filled_ = 0;
  }

  void fold(const Part& part, float* products) const {
    const TokenVectors& vectors = documents_[part.document];
    for (std::size_t row = 0; row < part.rows; ++row) {
      float* const at = products + row * stride_;
      if (!vectors.scales.empty()) {
        const float scale = scale_of(vectors, part.first + row);
        for (std::size_t i = 0; i < query_.outputs; ++i) at[i] *= scale;
      }
      // NaN and infinity in a row show in its product with any vector: inf * 0 is NaN.
      if (!std::isfinite(at[0])) refuse_non_finite(name_of(part.document), part.first + row);
    }
    kernels_.keep_largest(products, stride_, part.rows, query_.outputs, best_of(part.document));
  }

  const Kernels& kernels_;
  const Linear& query_;
  std::span<const TokenVectors> documents_;
  std::size_t begin_;
  std::size_t end_;
  std::size_t stride_;    // floats from row to row of the products
  std::size_t capacity_;  // rows of a piece
  Scratch& own_;
  std::size_t filled_ = 0;
  std::vector<Part> parts_;
};

}  // namespace

std::vector<float> maxsim(const TokenVectors& query, std::span<const TokenVectors> documents,
                          const MaxSimOptions& options) {
  check_vectors(query, query.width, "the query");
  check_mask(query, "the query");
  for (std::size_t i = 0; i < documents.size(); ++i) {
    check_vectors(documents[i], query.width, name_of(i));
    check_mask(documents[i], name_of(i));
  }
  const Kernels& kernels = engine::kernels();
  const Linear packed =
      packed_query(kernels, product_for(kernels, query, documents, options.precision), query);
  const std::vector<std::size_t> ends =
      block_ends(documents.size(), [&](std::size_t i) { return documents[i].rows; });
  std::vector<float> scores(documents.size());
  parallel_for(ends.size(), [&](std::size_t i) {
    if (options.cancel && options.cancel->cancelled()) throw Cancelled("maxsim was cancelled");
    Range(kernels, packed, documents, i == 0 ? 0 : ends[i - 1], ends[i]).run(scores);
  });
  return scores;
}

}  // namespace tamis
