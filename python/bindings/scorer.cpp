// bindings/scorer.cpp: the CPU engine by itself, on token ids, and the number of threads.
#include <cstdint>
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/error.hpp>
#include <tamis/model/encoder_config.hpp>
#include <tamis/parallel.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "arguments.hpp"
#include "bindings.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

tamis::FusedEncoderScorer load(const std::string& folder, const std::string& precision,
                               const std::string& isa, bool verify_hashes) {
  const WithoutGil release;
  return tamis::FusedEncoderScorer::load(tamis::load_model_spec(folder, verify_hashes),
                                         {.precision = precision, .isa = isa});
}

py::array_t<float> score(const tamis::FusedEncoderScorer& scorer,
                         const std::vector<std::vector<tamis::TokenId>>& ids,
                         const std::vector<std::vector<std::uint8_t>>& type_ids) {
  if (ids.size() != type_ids.size()) {
    tamis::raise<tamis::InvalidArgument>("{} id lists but {} type id lists", ids.size(),
                                         type_ids.size());
  }
  std::vector<tamis::EncodedPair> pairs(ids.size());
  std::vector<std::uint32_t> rows(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i].empty() || ids[i].size() != type_ids[i].size()) {
      tamis::raise<tamis::InvalidArgument>("sequence {} has {} ids and {} type ids", i,
                                           ids[i].size(), type_ids[i].size());
    }
    pairs[i].ids = ids[i];
    pairs[i].type_ids = type_ids[i];
    rows[i] = static_cast<std::uint32_t>(i);
  }
  py::array_t<float> logits({pairs.size(), scorer.labels()});
  const std::span<float> out(logits.mutable_data(), static_cast<std::size_t>(logits.size()));
  {
    const WithoutGil release;
    const tamis::PackedBatch batch = tamis::pack(pairs, rows);
    scorer.score(std::span(&batch, 1), out);
  }
  return logits;
}

}  // namespace

void bind_scorer(py::module_& module) {
  py::class_<tamis::FusedEncoderScorer>(module, "FusedEncoderScorer",
                                        "The CPU engine, on token ids.")
      .def_static("load", &load, py::arg("folder"), py::kw_only(), py::arg("precision") = "fp32",
                  py::arg("isa") = "", py::arg("verify_hashes") = true,
                  "Load a Hugging Face folder or a bundle; `isa` as TAMIS_ISA.")
      .def("score", &score, py::arg("ids"), py::arg("type_ids"),
           "float32 logits [sequences, labels] of one packed micro-batch. The GIL is released.")
      .def_property_readonly("labels", &tamis::FusedEncoderScorer::labels, "Logits of one pair.")
      .def_property_readonly("description", &tamis::FusedEncoderScorer::description,
                             "Precision and instruction set: 'engine fp32 avx2'.");
  module.def("known_encoders", &tamis::known_encoders,
             "The model types whose config.json the engine reads.");
  module.def("num_threads", &tamis::num_threads, "Threads that all models of this process share.");
  module.def("follow_num_threads", &tamis::follow_num_threads, py::arg("count"),
             "Threads that torch was told to use; bounds ours where nobody chose it. 0: unknown.");
  module.def(
      "set_num_threads",
      [](const py::object& count) { tamis::set_num_threads(count_of(count, "count")); },
      py::arg("count"), "Set it for all models, from the next call on.");
}
