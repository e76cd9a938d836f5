// late_interaction/token_vectors.cpp
#include "late_interaction/token_vectors.hpp"

#include <algorithm>

#include <tamis/error.hpp>

namespace tamis {

std::size_t element_bytes(VectorType type) {
  switch (type) {
    case VectorType::fp32:
      return 4;
    case VectorType::fp16:
    case VectorType::bf16:
      return 2;
    case VectorType::int8:
      break;
  }
  return 1;
}

std::size_t stride_of(const TokenVectors& vectors) {
  return vectors.stride != 0 ? vectors.stride : vectors.width * element_bytes(vectors.type);
}

std::string name_of(std::size_t document) { return fmt::format("document {}", document); }

void check_vectors(const TokenVectors& vectors, std::size_t width, const std::string& what) {
  if (width == 0) raise<InvalidArgument>("vectors of the query have no elements");
  if (vectors.width != width) {
    raise<InvalidArgument>("vectors of {} have {} elements, those of the query {}", what,
                           vectors.width, width);
  }
  const std::size_t row = width * element_bytes(vectors.type);
  if (stride_of(vectors) < row || stride_of(vectors) % element_bytes(vectors.type) != 0) {
    raise<InvalidArgument>("rows of {} are {} bytes apart, a row has {}", what, vectors.stride,
                           row);
  }
  if (!vectors.mask.empty() && vectors.mask.size() != vectors.rows) {
    raise<InvalidArgument>("the mask of {} has {} elements for {} vectors", what,
                           vectors.mask.size(), vectors.rows);
  }
  const std::size_t scales = vectors.scales.size();
  if (scales != 0 && vectors.type != VectorType::int8) {
    raise<InvalidArgument>("{} has scales, which belong to int8", what);
  }
  if (scales > 1 && scales != vectors.rows) {
    raise<InvalidArgument>("{} has {} scales for {} vectors", what, scales, vectors.rows);
  }
  if (vectors.rows == 0) refuse_empty(what);
}

void check_mask(const TokenVectors& vectors, const std::string& what) {
  const bool any = vectors.mask.empty() || std::any_of(vectors.mask.begin(), vectors.mask.end(),
                                                       [](std::uint8_t bit) { return bit != 0; });
  if (!any) refuse_empty(what);
}

void refuse_empty(const std::string& what) {
  raise<InvalidArgument>("{} has no vector, or all of them are masked", what);
}

void refuse_non_finite(const std::string& what, std::size_t row) {
  raise<InvalidArgument>("vector {} of {} has NaN or infinity, or its product overflows", row,
                         what);
}

}  // namespace tamis
