// late_interaction/token_vectors.hpp: what every MaxSim refuses, in the same words (private).
#pragma once

#include <cstddef>
#include <string>

#include <tamis/late_interaction/multi_vector.hpp>

namespace tamis {

[[nodiscard]] std::size_t element_bytes(VectorType type);

/// Bytes from row to row.
[[nodiscard]] std::size_t stride_of(const TokenVectors& vectors);

/// "document 3": the `what` of the functions below; the query is "the query".
[[nodiscard]] std::string name_of(std::size_t document);

/// Shapes alone: no vector, mask or scale is read. `width`: of the query. Throws InvalidArgument.
void check_vectors(const TokenVectors& vectors, std::size_t width, const std::string& what);

/// Throws InvalidArgument where the mask leaves no row.
void check_mask(const TokenVectors& vectors, const std::string& what);

[[noreturn]] void refuse_empty(const std::string& what);
[[noreturn]] void refuse_non_finite(const std::string& what, std::size_t row);

}  // namespace tamis
