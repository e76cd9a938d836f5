// bindings/torch_maxsim.cpp: maxsim of arrays by address, since torch's Python types are not
// linked.
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/error.hpp>
#include <tamis/late_interaction/device_maxsim.hpp>

#include "split_vectors.hpp"
#include "torch_bindings.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

using tamis::DeviceVectors;
using tamis::VectorType;

/// tamis.device_vectors.View, in its order.
using View = std::tuple<std::uintptr_t,  // address
                        std::size_t,     // rows
                        std::size_t,     // width
                        std::string,     // type
                        std::size_t,     // stride, bytes
                        std::uintptr_t,  // address of the mask, uint8 [rows]; 0: none
                        std::uintptr_t,  // address of the scales, float32
                        std::size_t,     // how many scales; 0: none
                        bool>;           // on_device
using Progress = std::function<void(std::size_t, std::size_t)>;

VectorType type_of(const std::string& name) {
  if (name == "float32") return VectorType::fp32;
  if (name == "float16") return VectorType::fp16;
  if (name == "bfloat16") return VectorType::bf16;
  if (name == "int8") return VectorType::int8;
  tamis::raise<tamis::InvalidArgument>("vectors have the type {}", name);
}

DeviceVectors read(const View& view) {
  const auto& [address, rows, width, type, stride, mask, scales, scale_count, on_device] = view;
  DeviceVectors given{.vectors = {.data = reinterpret_cast<const void*>(address),
                                  .rows = rows,
                                  .width = width,
                                  .type = type_of(type),
                                  .stride = stride},
                      .on_device = on_device};
  if (mask != 0) given.vectors.mask = {reinterpret_cast<const std::uint8_t*>(mask), rows};
  if (scale_count != 0) {
    given.vectors.scales = {reinterpret_cast<const float*>(scales), scale_count};
  }
  return given;
}

py::array_t<float> maxsim(const View& query, const std::vector<View>& documents,
                          const std::optional<std::vector<std::int64_t>>& offsets,
                          std::string device, std::size_t max_rows, Progress progress) {
  const DeviceVectors asked = read(query);
  std::vector<DeviceVectors> views;
  views.reserve(documents.size());
  for (const View& document : documents) views.push_back(read(document));
  if (offsets) {
    const DeviceVectors all = views.at(0);
    views.clear();
    for (const tamis::TokenVectors& own : split(all.vectors, *offsets)) {
      views.push_back({.vectors = own, .on_device = all.on_device});
    }
  }
  const std::vector<float> scores = [&] {
    const WithoutGil unlocked;
    return tamis::device_maxsim(
        asked, views,
        {.device = std::move(device), .max_rows = max_rows, .progress = std::move(progress)});
  }();
  return py::array_t<float>(static_cast<py::ssize_t>(scores.size()), scores.data());
}

}  // namespace

void bind_maxsim(py::module_& module) {
  module.def("maxsim", &maxsim, py::arg("query"), py::arg("documents"), py::kw_only(),
             py::arg("offsets") = py::none(), py::arg("device") = "cuda", py::arg("max_rows") = 0,
             py::arg("progress") = py::none(),
             "float32 [documents], by ATen; views that tamis.maxsim has checked. The GIL is "
             "released.");
}
