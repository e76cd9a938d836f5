// tamis/model/weight_file.hpp: name -> (dtype, shape, bytes), mapped, from safetensors or
// TorchScript.
//
//   auto weights = tamis::WeightFile::open("models/minilm");
//   const tamis::TensorView* tensor = weights.find("classifier.weight");
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/model/tensor_view.hpp>

namespace tamis {

/// Where a bundle's manifest says that a tensor lies inside the TorchScript archive.
struct TensorRecord {
  std::string record;  ///< name in the zip, "model/data/12"
  DType dtype = DType::f32;
  std::vector<std::int64_t> shape;
};

/// Copies share the mapping. Every offset is checked against the file when it is opened.
class WeightFile {
 public:
  /// A .safetensors file, or a folder with model.safetensors or model.safetensors.index.json.
  /// Throws ModelError, naming the file and the tensor.
  [[nodiscard]] static WeightFile open(const std::filesystem::path& path);

  /// The tensors of a TorchScript archive: a zip whose records are stored, not compressed.
  [[nodiscard]] static WeightFile open_torchscript(
      const std::filesystem::path& path, const std::map<std::string, TensorRecord>& records);

  /// Null when there is no such tensor.
  [[nodiscard]] const TensorView* find(std::string_view name) const;

  /// Sorted.
  [[nodiscard]] std::vector<std::string> names() const;

  /// Lets the memory of a tensor's pages go; whoever reads them again gets them from the file. A
  /// tensor that is none of this file's is left alone.
  void forget(const TensorView& tensor) const noexcept;

  /// Path, size, time of last change and file number of all files, as text: equal for two openings
  /// of the same unchanged weights.
  [[nodiscard]] const std::string& identity() const;

  /// The file or folder, for messages.
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  struct Contents;
  explicit WeightFile(std::shared_ptr<const Contents> contents) : contents_(std::move(contents)) {}
  std::shared_ptr<const Contents> contents_;
};

}  // namespace tamis
