// bindings/stage.cpp: Stage: the stages of C++, and those that are Python functions.
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/cascade/late_interaction.hpp>
#include <tamis/cascade/rerank.hpp>
#include <tamis/cascade/select.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/error.hpp>

#include "bindings.hpp"
#include "documents.hpp"
#include "gil_pauses.hpp"
#include "predict_options.hpp"
#include "python_error.hpp"
#include "python_function.hpp"
#include "signals.hpp"

namespace py = pybind11;
using tamis::AnyStage;
using tamis::StageCall;
using tamis::StageKind;
using tamis::StageResult;
using tamis::StageTraits;

namespace {

/// UTF-8 that was checked, or replaced, when it came in.
py::str text(std::string_view utf8) { return {utf8.data(), utf8.size()}; }

/// The caller's objects.
py::list documents_of(const StageCall& call) {
  py::list documents;
  GilPauses pause;
  for (const void* document : call.documents) {
    pause();
    documents.append(static_cast<const Document*>(document)->object);
  }
  return documents;
}

py::list texts_of(const StageCall& call) {
  py::list texts;
  GilPauses pause;
  for (const std::string_view one : call.texts) {
    pause();
    texts.append(text(one));
  }
  return texts;
}

tamis::Scored scored_from(const py::tuple& told) {
  const auto scores = told[0].cast<py::array_t<float, py::array::c_style>>();
  return {.scores = {scores.data(), scores.data() + scores.size()},
          .tokens = told[1].cast<std::size_t>(),
          .truncated = told[2].cast<std::size_t>(),
          .dollars = told[3].cast<double>(),
          .warnings = told[4].cast<std::vector<std::string>>()};
}

AnyStage callable(const py::function& function, const std::string& name, bool divisible,
                  bool calibrated, const std::string& scorer) {
  StageTraits traits{
      .name = name, .scorer = scorer, .calibrated = calibrated, .divisible = divisible};
  return {std::move(traits),
          [own = PythonFunction(function)](const StageCall& call) -> StageResult {
            return own.call([&](const py::function& python) {
              return scored_from(python(text(call.query), documents_of(call), texts_of(call)));
            });
          }};
}

std::vector<StageResult> found_together(const py::function& python,
                                        std::span<const StageCall> calls) {
  py::list queries;
  for (const StageCall& call : calls) queries.append(text(call.query));
  std::vector<StageResult> results;
  for (const py::handle read : python(queries)) {
    results.emplace_back(tamis::Retrieved{candidates_from(read.cast<py::tuple>())});
  }
  return results;
}

AnyStage retrieve(const py::function& function, const std::string& name,
                  std::vector<std::string> sources, const std::optional<py::function>& many) {
  StageTraits traits{.name = name, .kind = StageKind::retrieve, .sources = std::move(sources)};
  AnyStage::Many together;
  if (many) {
    together = [own = PythonFunction(*many)](std::span<const StageCall> calls) {
      return own.call([&](const py::function& python) { return found_together(python, calls); });
    };
  }
  return {std::move(traits),
          [own = PythonFunction(function)](const StageCall& call) -> StageResult {
            return tamis::Retrieved{own.call([&](const py::function& python) {
              return candidates_from(python(text(call.query)));
            })};
          },
          std::move(together)};
}

AnyStage diversify(std::size_t count, double balance,
                   const std::optional<py::function>& similarity) {
  if (!similarity) return tamis::stages::diversify(count, balance);
  return tamis::stages::diversify(
      count, balance,
      [own = PythonFunction(*similarity)](std::string_view left, std::string_view right) {
        return own.call([&](const py::function& python) {
          const py::object found = python(text(left), text(right));
          const double value = PyFloat_AsDouble(found.ptr());
          if (PyErr_Occurred() != nullptr) throw py::error_already_set();
          return value;
        });
      });
}

/// Ctrl-C, between micro-batches and within.
void look_for_interrupts(std::size_t, std::size_t) { check_signals(); }

AnyStage rerank(const tamis::CrossEncoder& model, const std::string& name,
                const std::string& prompt, std::optional<std::size_t> max_length,
                const std::string& truncation, std::optional<std::size_t> max_query_tokens,
                std::optional<std::size_t> max_document_tokens, const std::string& on_truncation,
                const std::string& aggregate, std::optional<std::size_t> window_stride,
                std::optional<std::size_t> max_batch_tokens,
                std::optional<std::size_t> max_batch_pairs, bool warns_of_cuts) {
  tamis::PredictOptions options =
      predict_options(max_length, truncation, max_query_tokens, max_document_tokens, on_truncation,
                      aggregate, window_stride, max_batch_tokens, max_batch_pairs);
  options.prompt = prompt;
  options.progress = look_for_interrupts;
  return tamis::stages::rerank(model, std::move(options), name, warns_of_cuts);
}

AnyStage late_interaction(const tamis::LateInteraction& model, const std::string& name,
                          bool refuse_truncation, bool warns_of_cuts) {
  const auto mode = refuse_truncation ? tamis::OnTruncation::error : tamis::OnTruncation::allow;
  return tamis::stages::late_interaction(
      model, {.on_truncation = mode, .progress = look_for_interrupts}, name, warns_of_cuts);
}

const char* kind_of(const AnyStage& stage) {
  switch (stage.traits().kind) {
    case StageKind::retrieve:
      return "retrieve";
    case StageKind::score:
      return "score";
    case StageKind::select:
      break;
  }
  return "select";
}

}  // namespace

void bind_stage(py::module_& module) {
  py::class_<AnyStage>(module, "Stage", "One mesh of a cascade; immutable.")
      .def_static(
          "callable", &callable, py::arg("function"), py::kw_only(), py::arg("name"),
          py::arg("divisible") = false, py::arg("calibrated") = false, py::arg("scorer") = "",
          "function(query, documents, texts) -> (scores, tokens, truncated, dollars, warnings).")
      .def_static("retrieve", &retrieve, py::arg("function"), py::kw_only(), py::arg("name"),
                  py::arg("sources") = std::vector<std::string>{}, py::arg("many") = py::none(),
                  "function(query) -> tamis.candidates.Read, whose sources have these names.\n\n"
                  "`many`: the same for several queries at once, a Read for each.")
      .def_static("rerank", &rerank, py::arg("model"), py::kw_only(), py::arg("name") = "rerank",
                  py::arg("prompt") = "", py::arg("max_length") = py::none(),
                  py::arg("truncation") = "longest_first", py::arg("max_query_tokens") = py::none(),
                  py::arg("max_document_tokens") = py::none(), py::arg("on_truncation") = "allow",
                  py::arg("aggregate") = "max", py::arg("window_stride") = py::none(),
                  py::arg("max_batch_tokens") = py::none(), py::arg("max_batch_pairs") = py::none(),
                  py::arg("warns_of_cuts") = true, "A cross-encoder; needs no GIL.")
      .def_static("late_interaction", &late_interaction, py::arg("model"), py::kw_only(),
                  py::arg("name") = "late_interaction", py::arg("refuse_truncation") = false,
                  py::arg("warns_of_cuts") = true, "Late interaction; needs no GIL.")
      .def_static("threshold", &tamis::stages::threshold, py::arg("least"))
      .def_static("deduplicate", &tamis::stages::deduplicate)
      .def_static("diversify", &diversify, py::arg("count"), py::kw_only(),
                  py::arg("balance") = 0.7, py::arg("similarity") = py::none(),
                  "MMR; similarity(text, text) -> float in [0, 1].")
      .def(
          "named",
          [](const AnyStage& self, std::string name) { return self.named(std::move(name)); },
          py::arg("name"), "The same stage under another name.")
      .def_property_readonly("name", [](const AnyStage& self) { return self.traits().name; })
      .def_property_readonly(
          "scorer", [](const AnyStage& self) { return self.traits().scorer; },
          "What computes the scores: equal for stages that give the same ones; \"\" for none.")
      .def_property_readonly("kind", &kind_of, "'retrieve', 'score' or 'select'.");
}
