// bindings/cross_encoder.cpp: CrossEncoder, its logits and CancelToken.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>
#include <tamis/score/scorer_abi.hpp>

#include "bindings.hpp"
#include "predict_options.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

struct LogitResult {
  tamis::Prediction prediction;
  std::optional<py::array_t<std::int64_t>> spans;
};

template <typename T>
py::array_t<T> view(const std::vector<T>& values, const py::object& owner) {
  return py::array_t<T>({values.size()}, {sizeof(T)}, values.data(), owner);
}

py::array_t<float> logits_of(const py::object& self) {
  const auto& result = self.cast<const LogitResult&>().prediction;
  const std::size_t rows = result.labels == 0 ? 0 : result.logits.size() / result.labels;
  return {{rows, result.labels},
          {result.labels * sizeof(float), sizeof(float)},
          result.logits.data(),
          self};
}

tamis::CrossEncoder load(const std::filesystem::path& path, const std::string& precision,
                         std::optional<std::size_t> max_length, bool verify_hashes,
                         const py::object& scorer) {
  const tamis::LoadOptions options{precision, max_length, verify_hashes};
  if (scorer.is_none()) {
    const WithoutGil release;
    return tamis::CrossEncoder::load(path, options);
  }
  // The scorer holds its own share: it may outlive the capsule.
  const auto capsule = scorer.cast<py::capsule>();
  const tamis::AbiScorer shared(*capsule.get_pointer<const tamis::ScorerAbi>());
  const WithoutGil release;
  return tamis::CrossEncoder::load(path, shared, options);
}

LogitResult logits(const tamis::CrossEncoder& model, const py::list& queries,
                   const py::list& documents, tamis::PredictOptions options,
                   const py::object& progress) {
  if (queries.size() != documents.size()) {
    tamis::raise<tamis::InvalidArgument>("{} queries but {} documents", queries.size(),
                                         documents.size());
  }
  const Utf8Texts first(queries, "query");
  const Utf8Texts second(documents, "document");
  std::vector<tamis::TextPair> pairs(first.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {first[i], second[i]};
  options.progress = watcher(progress);
  LogitResult result;
  {
    const WithoutGil release;
    result.prediction = model.predict_logits(pairs, options);
  }
  if (!result.prediction.spans.empty()) {
    py::array_t<std::int64_t> spans({pairs.size(), std::size_t{2}});
    auto cells = spans.mutable_unchecked<2>();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const auto row = static_cast<py::ssize_t>(i);
      const tamis::Span span = result.prediction.spans[i];
      cells(row, 0) = static_cast<std::int64_t>(characters_before(second[i], span.begin));
      cells(row, 1) = static_cast<std::int64_t>(characters_before(second[i], span.end));
    }
    result.spans = std::move(spans);
  }
  return result;
}

void bind_cancel_token(py::module_& module) {
  py::class_<tamis::CancelToken>(module, "CancelToken", "Stops scoring from another thread.")
      .def(py::init<>())
      .def("cancel", &tamis::CancelToken::cancel, "Ask the work to stop; it raises Cancelled.")
      .def("child", &tamis::CancelToken::child,
           "A token that is cancelled with this one, and can be without it.")
      .def_property_readonly("cancelled", &tamis::CancelToken::cancelled,
                             "Whether cancel() was called.");
}

void bind_result(py::module_& module) {
  py::class_<LogitResult>(module, "LogitResult", "Logits, in the caller's order, and what was cut.")
      .def_property_readonly("logits", &logits_of, "float32 [pairs, labels].")
      .def_property_readonly(
          "query_tokens_cut",
          [](const py::object& self) {
            return view(self.cast<const LogitResult&>().prediction.query_tokens_cut, self);
          },
          "uint32 [pairs].")
      .def_property_readonly(
          "document_tokens_cut",
          [](const py::object& self) {
            return view(self.cast<const LogitResult&>().prediction.document_tokens_cut, self);
          },
          "uint32 [pairs]; 0 where windows read the whole document.")
      .def_property_readonly(
          "tokens", [](const LogitResult& result) { return result.prediction.tokens; },
          "Tokens scored, special ones included; equal pairs count once.")
      .def_property_readonly(
          "spans", [](const LogitResult& result) { return result.spans; },
          "int64 [pairs, 2], characters of the winning window; None unless windows were asked "
          "for.");
}

}  // namespace

void bind_cross_encoder(py::module_& module) {
  bind_cancel_token(module);
  bind_result(module);
  py::class_<tamis::CrossEncoder>(module, "CrossEncoder",
                                  "Immutable once loaded; any number of threads may call it.")
      .def_static("load", &load, py::arg("path"), py::kw_only(), py::arg("precision") = "fp32",
                  py::arg("max_length") = py::none(), py::arg("verify_hashes") = true,
                  py::arg("scorer") = py::none(),
                  "Load a Hugging Face folder of a known encoder, or a bundle.\n\n"
                  "`scorer`: what tamis._torch.load_torchscript returned, instead of the engine.")
      .def(
          "logits",
          [](const tamis::CrossEncoder& self, const py::list& queries, const py::list& documents,
             std::optional<std::size_t> max_length, const std::string& truncation,
             std::optional<std::size_t> max_query_tokens,
             std::optional<std::size_t> max_document_tokens, const std::string& on_truncation,
             const std::string& aggregate, std::optional<std::size_t> window_stride,
             std::optional<std::size_t> max_batch_tokens,
             std::optional<std::size_t> max_batch_pairs, const py::object& progress,
             std::optional<tamis::CancelToken> cancel) {
            tamis::PredictOptions options = predict_options(
                max_length, truncation, max_query_tokens, max_document_tokens, on_truncation,
                aggregate, window_stride, max_batch_tokens, max_batch_pairs);
            options.cancel = std::move(cancel);
            return logits(self, queries, documents, std::move(options), progress);
          },
          py::arg("queries"), py::arg("documents"), py::kw_only(),
          py::arg("max_length") = py::none(), py::arg("truncation") = "longest_first",
          py::arg("max_query_tokens") = py::none(), py::arg("max_document_tokens") = py::none(),
          py::arg("on_truncation") = "allow", py::arg("aggregate") = "max",
          py::arg("window_stride") = py::none(), py::arg("max_batch_tokens") = py::none(),
          py::arg("max_batch_pairs") = py::none(), py::arg("progress") = py::none(),
          py::arg("cancel") = py::none(),
          "Score queries[i] with documents[i]. The GIL is released; equal pairs are scored once.")
      .def_property_readonly("labels", &tamis::CrossEncoder::labels, "Logits of one pair.")
      .def_property_readonly("max_length", &tamis::CrossEncoder::max_length,
                             "Tokens of a pair, special ones included.")
      .def_property_readonly(
          "activation", [](const tamis::CrossEncoder& self) { return self.spec().activation; },
          "Name of the default activation.")
      .def_property_readonly(
          "score_space", [](const tamis::CrossEncoder& self) { return self.spec().score_space; },
          "'logit', 'probability' or 'custom': what the default activation gives.")
      .def_property_readonly("prompts",
                             [](const tamis::CrossEncoder& self) { return self.spec().prompts; })
      .def_property_readonly(
          "default_prompt",
          [](const tamis::CrossEncoder& self) { return self.spec().default_prompt; })
      .def_property_readonly(
          "description",
          [](const tamis::CrossEncoder& self) { return self.scorer().description(); },
          "Scorer, precision and instruction set: 'engine fp32 avx2'.")
      .def_property_readonly(
          "architecture", [](const tamis::CrossEncoder& self) { return self.spec().architecture; })
      .def_property_readonly(
          "config_json", [](const tamis::CrossEncoder& self) { return self.spec().config_json; },
          "The model's config.json as text.");
}
