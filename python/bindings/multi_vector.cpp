// bindings/multi_vector.cpp: maxsim of arrays, which are read where they lie.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/error.hpp>
#include <tamis/late_interaction/multi_vector.hpp>

#include "bindings.hpp"
#include "split_vectors.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

using tamis::TokenVectors;
using tamis::VectorType;
using Floats = py::array_t<float, py::array::c_style>;
using Mask = py::array_t<std::uint8_t, py::array::c_style>;
using Offsets = py::array_t<std::int64_t, py::array::c_style>;

VectorType type_of(const py::array& array) {
  const py::dtype type = array.dtype();
  if (type.kind() == 'f' && type.itemsize() == 4) return VectorType::fp32;
  if (type.kind() == 'f' && type.itemsize() == 2) return VectorType::fp16;
  if (type.kind() == 'u' && type.itemsize() == 2) return VectorType::bf16;
  if (type.kind() == 'i' && type.itemsize() == 1) return VectorType::int8;
  tamis::raise<tamis::InvalidArgument>("vectors have the type {}",
                                       py::str(type).cast<std::string>());
}

/// `scales` and `mask` may be None.
TokenVectors view(const py::array& array, const std::optional<Floats>& scales,
                  const std::optional<Mask>& mask) {
  TokenVectors vectors{.data = array.data(),
                       .rows = static_cast<std::size_t>(array.shape(0)),
                       .width = static_cast<std::size_t>(array.shape(1)),
                       .type = type_of(array),
                       .stride = static_cast<std::size_t>(array.strides(0))};
  if (scales) vectors.scales = {scales->data(), static_cast<std::size_t>(scales->size())};
  if (mask) vectors.mask = {mask->data(), static_cast<std::size_t>(mask->size())};
  return vectors;
}

py::array_t<float> maxsim(const py::array& query, const std::vector<py::array>& documents,
                          const std::optional<Floats>& query_scales,
                          const std::optional<Mask>& query_mask,
                          const std::vector<std::optional<Floats>>& scales,
                          const std::vector<std::optional<Mask>>& masks,
                          const std::optional<Offsets>& offsets,
                          std::optional<std::string> precision,
                          std::optional<tamis::CancelToken> cancel) {
  std::vector<TokenVectors> views;
  views.reserve(documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    views.push_back(view(documents[i], scales.empty() ? std::nullopt : scales[i],
                         masks.empty() ? std::nullopt : masks[i]));
  }
  if (offsets) {
    views = split(views[0], {offsets->data(), static_cast<std::size_t>(offsets->size())});
  }
  const TokenVectors asked = view(query, query_scales, query_mask);
  const std::vector<float> scores = [&] {
    const WithoutGil release;
    return tamis::maxsim(asked, views,
                         {.precision = std::move(precision), .cancel = std::move(cancel)});
  }();
  return py::array_t<float>(static_cast<py::ssize_t>(scores.size()), scores.data());
}

}  // namespace

void bind_multi_vector(py::module_& module) {
  module.def("maxsim", &maxsim, py::arg("query"), py::arg("documents"), py::kw_only(),
             py::arg("query_scales") = py::none(), py::arg("query_mask") = py::none(),
             py::arg("scales") = py::list(), py::arg("masks") = py::list(),
             py::arg("offsets") = py::none(), py::arg("precision") = py::none(),
             py::arg("cancel") = py::none(),
             "float32 [documents]; arrays that tamis.maxsim has checked. The GIL is released.");
}
