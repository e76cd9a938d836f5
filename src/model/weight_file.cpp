// model/weight_file.cpp
#include <functional>
#include <set>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>
#include <tamis/model/weight_file.hpp>

#include "model/json_field.hpp"
#include "model/mapped_file.hpp"
#include "model/tensor_index.hpp"

namespace tamis {

struct WeightFile::Contents {
  std::filesystem::path path;
  std::vector<MappedFile> files;
  std::string identity;
  TensorIndex tensors;

  void map(const std::filesystem::path& file) {
    files.emplace_back(file);
    identity += files.back().identity() + '\n';
  }

  void add(const std::filesystem::path& file) {
    map(file);
    for (auto& [name, tensor] : index_safetensors(files.back().bytes(), file)) {
      if (!tensors.emplace(name, std::move(tensor)).second) {
        raise<ModelError>("{}: tensor '{}' is in two of its files", path.string(), name);
      }
    }
  }
};

namespace {

namespace fs = std::filesystem;

/// The files that a sharded checkpoint's index names, each once.
std::set<std::string> shards(const fs::path& index) {
  const auto json = read_json_file(index);
  if (!json.contains("weight_map") || !json["weight_map"].is_object()) {
    raise<ModelError>("{} is no index of sharded weights (weight_map is missing)", index.string());
  }
  std::set<std::string> names;
  for (const auto& [tensor, file] : json["weight_map"].items()) {
    if (!file.is_string()) raise<ModelError>("{}: '{}' names no file", index.string(), tensor);
    const fs::path name = file.get<std::string>();
    if (name.has_parent_path() || name.is_absolute()) {
      raise<ModelError>("{}: '{}' points outside its folder", index.string(), name.string());
    }
    names.insert(name.string());
  }
  return names;
}

[[noreturn]] void no_weights(const fs::path& folder) {
  if (is_there<ModelError>(folder / "pytorch_model.bin")) {
    raise<ModelError>(
        "{} has only pytorch_model.bin, a pickle that can run code when it is read; convert it: "
        "transformers.AutoModelForSequenceClassification.from_pretrained(folder)"
        ".save_pretrained(folder, safe_serialization=True)",
        folder.string());
  }
  raise<ModelError>("{} has no model.safetensors and no model.safetensors.index.json",
                    folder.string());
}

}  // namespace

WeightFile WeightFile::open(const fs::path& path) {
  auto contents = std::make_shared<Contents>();
  contents->path = path;
  if (!is_there<ModelError>(path)) raise<ModelError>("{} does not exist", path.string());
  if (!fs::is_directory(path)) {
    contents->add(path);
  } else if (is_there<ModelError>(path / "model.safetensors")) {
    contents->add(path / "model.safetensors");
  } else if (is_there<ModelError>(path / "model.safetensors.index.json")) {
    for (const std::string& name : shards(path / "model.safetensors.index.json")) {
      contents->add(path / name);
    }
  } else {
    no_weights(path);
  }
  return WeightFile(std::move(contents));
}

WeightFile WeightFile::open_torchscript(const fs::path& path,
                                        const std::map<std::string, TensorRecord>& records) {
  auto contents = std::make_shared<Contents>();
  contents->path = path;
  contents->map(path);
  contents->tensors = index_torchscript(contents->files.back().bytes(), path, records);
  return WeightFile(std::move(contents));
}

const TensorView* WeightFile::find(std::string_view name) const {
  const auto tensor = contents_->tensors.find(name);
  return tensor == contents_->tensors.end() ? nullptr : &tensor->second;
}

std::vector<std::string> WeightFile::names() const {
  std::vector<std::string> names;
  for (const auto& entry : contents_->tensors) names.push_back(entry.first);
  return names;
}

void WeightFile::forget(const TensorView& tensor) const noexcept {
  // What is in no mapping of a file would be lost, not read again.
  const std::less_equal<> not_after;  // of any two pointers
  for (const MappedFile& file : contents_->files) {
    const auto all = file.bytes();
    const bool inside =
        not_after(all.data(), tensor.bytes.data()) &&
        not_after(tensor.bytes.data() + tensor.bytes.size(), all.data() + all.size());
    if (inside) return MappedFile::forget(tensor.bytes);
  }
}

const std::string& WeightFile::identity() const { return contents_->identity; }

const fs::path& WeightFile::path() const { return contents_->path; }

}  // namespace tamis
