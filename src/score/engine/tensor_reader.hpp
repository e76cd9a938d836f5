// score/engine/tensor_reader.hpp: named tensors of a checkpoint as fp32, whatever they are stored
// as.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <tamis/model/weight_file.hpp>

namespace tamis::engine {

/// A tensor and, for int8 weights, the scale of each row: value = int8 * scale[row].
struct StoredTensor {
  TensorView view;
  std::vector<float> scale;  ///< [rows], empty unless the tensor is I8
};

/// Row `row` of a 2-D tensor as fp32. `out` has as many elements as the tensor has columns.
void read_row(const StoredTensor& tensor, std::size_t row, float* out);

/// Starts to fetch that row from memory.
void fetch_row(const StoredTensor& tensor, std::size_t row);

/// Finds tensors with or without the prefix that the checkpoint's class put before them, and by
/// older LayerNorm names (gamma, beta).
class TensorReader {
 public:
  TensorReader(WeightFile weights, std::vector<std::string> prefixes);

  [[nodiscard]] bool has(const std::string& name) const;

  /// The tensor as it is stored. Throws ModelError when it is missing, or has another shape or
  /// type.
  [[nodiscard]] const TensorView& view(const std::string& name,
                                       const std::vector<std::size_t>& shape) const;
  /// A table of which rows are read in place. Throws as `view` does, and when it is not finite.
  [[nodiscard]] StoredTensor table(const std::string& name,
                                   const std::vector<std::size_t>& shape) const;
  /// The whole tensor as fp32. Throws as `table` does.
  [[nodiscard]] std::vector<float> floats(const std::string& name,
                                          const std::vector<std::size_t>& shape,
                                          bool finite = true) const;

  /// Whether it is there, as int8 and a scale of each row.
  [[nodiscard]] bool is_int8(const std::string& name) const;
  /// The scales of its rows, empty unless `is_int8`. Throws as `table` does.
  [[nodiscard]] std::vector<float> scales(const std::string& name,
                                          const std::vector<std::size_t>& shape) const;

  /// Throws ModelError that names all that are missing of `names`, and says what they are for.
  void require(const std::vector<std::string>& names, const std::string& what) const;

  [[nodiscard]] const WeightFile& file() const { return weights_; }

  [[noreturn]] void not_finite(const std::string& name) const;

 private:
  [[nodiscard]] StoredTensor stored(const std::string& name,
                                    const std::vector<std::size_t>& shape) const;
  [[nodiscard]] const TensorView* find(const std::string& name) const;
  WeightFile weights_;
  std::vector<std::string> prefixes_;
};

}  // namespace tamis::engine
