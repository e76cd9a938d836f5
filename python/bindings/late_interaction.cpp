// bindings/late_interaction.cpp: LateInteraction and the passages it keeps.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <tamis/error.hpp>
#include <tamis/late_interaction.hpp>

#include "arguments.hpp"
#include "bindings.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

using tamis::LateInteraction;
using tamis::Passages;
using namespace py::literals;  // NOLINT(google-build-using-namespace): "name"_a

template <typename T>
py::array_t<T> array_of(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

tamis::ReadOptions options_of(bool refuse_truncation, const py::object& progress,
                              std::optional<tamis::CancelToken> cancel) {
  return {refuse_truncation ? tamis::OnTruncation::error : tamis::OnTruncation::allow,
          watcher(progress), std::move(cancel)};
}

LateInteraction load(const std::filesystem::path& path, const std::string& precision,
                     std::optional<std::size_t> max_length, std::optional<std::string> query_prefix,
                     std::optional<std::string> passage_prefix, float maxsim_weight,
                     float cosine_weight, std::size_t cache_bytes) {
  const WithoutGil release;
  return LateInteraction::load(path, {.precision = precision,
                                      .max_length = max_length,
                                      .query_prefix = std::move(query_prefix),
                                      .passage_prefix = std::move(passage_prefix),
                                      .maxsim_weight = maxsim_weight,
                                      .cosine_weight = cosine_weight,
                                      .cache_bytes = cache_bytes});
}

Passages encode(const LateInteraction& model, const py::list& texts, bool refuse_truncation,
                const py::object& progress, std::optional<tamis::CancelToken> cancel) {
  const Utf8Texts utf8(texts, "passage");
  std::vector<std::string_view> views(utf8.size());
  for (std::size_t i = 0; i < views.size(); ++i) views[i] = utf8[i];
  const auto options = options_of(refuse_truncation, progress, std::move(cancel));
  const WithoutGil release;
  return model.encode_passages(views, options);
}

py::array_t<float> matrix(const std::vector<float>& values, std::size_t width) {
  const std::size_t rows = width == 0 ? 0 : values.size() / width;
  return py::array_t<float>({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(width)},
                            values.data());
}

py::tuple embed(const LateInteraction& model, const py::list& texts, bool queries,
                bool refuse_truncation, const py::object& progress,
                std::optional<tamis::CancelToken> cancel) {
  const Utf8Texts utf8(texts, queries ? "query" : "passage");
  std::vector<std::string_view> views(utf8.size());
  for (std::size_t i = 0; i < views.size(); ++i) views[i] = utf8[i];
  const auto options = options_of(refuse_truncation, progress, std::move(cancel));
  const auto found = [&] {
    const WithoutGil release;
    return queries ? model.embed_queries(views, options) : model.embed_passages(views, options);
  }();
  return py::make_tuple(matrix(found.values, found.width), array_of(found.tokens_cut));
}

py::tuple score(const LateInteraction& model, const py::str& query, const Passages& passages,
                bool refuse_truncation, const py::object& progress,
                std::optional<tamis::CancelToken> cancel) {
  py::list one;
  one.append(query);
  const Utf8Texts utf8(one, "query");
  const auto options = options_of(refuse_truncation, progress, std::move(cancel));
  const auto scores = [&] {
    const WithoutGil release;
    return model.score(utf8[0], passages, options);
  }();
  return py::make_tuple(array_of(scores.logits), scores.query_tokens_cut);
}

/// As a bundle's manifest has it.
py::object settings_of(const LateInteraction& model) {
  const tamis::ColbertSettings* const colbert = model.colbert();
  if (colbert == nullptr) return py::none();
  const auto side = [](const tamis::ColbertSettings::Side& of) {
    return py::dict("marker"_a = of.marker, "length"_a = of.length);
  };
  return py::dict("query"_a = side(colbert->query), "document"_a = side(colbert->document),
                  "filler"_a = colbert->filler, "attend_to_filler"_a = colbert->attend_to_filler,
                  "skipped"_a = colbert->skipped);
}

void bind_passages(py::module_& module) {
  py::class_<Passages>(module, "Passages", "Encoded passages of one model; immutable.")
      .def("__len__", &Passages::size)
      .def(
          "select",
          [](const Passages& self, const py::object& indices) {
            std::vector<std::size_t> chosen;
            for (const py::handle index : list_of(indices, "indices"))
              chosen.push_back(count_of(index, "an index"));
            return self.select(chosen);
          },
          py::arg("indices"),
          "The passages with these indices, in this order; they share their bytes.")
      .def(
          "save",
          [](const Passages& self, const py::object& path) {
            const std::filesystem::path file = path_of(path, "path");
            const WithoutGil release;
            self.save(file);
          },
          py::arg("path"), "Write them to a file, which is replaced only when all is written.")
      .def_property_readonly("tokens", &Passages::tokens, "Of all passages, special ones included.")
      .def_property_readonly("nbytes", &Passages::bytes, "Bytes of all vectors, shared or not.")
      .def_property_readonly(
          "tokens_cut", [](const Passages& self) { return array_of(self.tokens_cut()); },
          "uint32 [passages]: tokens that the model did not read.")
      .def_property_readonly(
          "means", [](const Passages& self) { return matrix(self.means(), self.width()); },
          "float32 [passages, width]: unit vectors, the mean of each one's tokens, up to int8.");
}

}  // namespace

void bind_late_interaction(py::module_& module) {
  bind_passages(module);
  py::class_<LateInteraction>(module, "LateInteraction",
                              "Compares a query with passages that were encoded before.")
      .def_static(
          "load", &load, py::arg("path"), py::kw_only(), py::arg("precision") = "fp32",
          py::arg("max_length") = py::none(), py::arg("query_prefix") = py::none(),
          py::arg("passage_prefix") = py::none(), py::arg("maxsim_weight") = 1.0,
          py::arg("cosine_weight") = 1.0, py::arg("cache_bytes") = 134217728,
          "Load a folder of a tamis_interaction model, a ColBERT, its bundle, or a plain encoder.")
      .def("encode_passages", &encode, py::arg("texts"), py::kw_only(),
           py::arg("refuse_truncation") = false, py::arg("progress") = py::none(),
           py::arg("cancel") = py::none(),
           "Equal texts, and those still in the cache, are encoded once. The GIL is released.")
      .def(
          "embed", &embed, py::arg("texts"), py::kw_only(), py::arg("queries") = false,
          py::arg("refuse_truncation") = false, py::arg("progress") = py::none(),
          py::arg("cancel") = py::none(),
          "float32 unit vectors [texts, width], and how many tokens of each text were cut. The GIL "
          "is released.")
      .def(
          "open_passages",
          [](const LateInteraction& self, const std::filesystem::path& path, bool verify) {
            const WithoutGil release;
            return self.open_passages(path, verify);
          },
          py::arg("path"), py::kw_only(), py::arg("verify") = true,
          "What Passages.save wrote, mapped; `verify` reads it all once.")
      .def("score", &score, py::arg("query"), py::arg("passages"), py::kw_only(),
           py::arg("refuse_truncation") = false, py::arg("progress") = py::none(),
           py::arg("cancel") = py::none(),
           "float32 logits [passages], and how many tokens of the query were cut.")
      .def_property_readonly("max_length", &LateInteraction::max_length,
                             "Tokens of a text, special ones included.")
      .def_property_readonly("width", &LateInteraction::width, "Of a token's vector.")
      .def_property_readonly("colbert", &settings_of,
                             "How a ColBERT reads texts, as docs/bundle.md says; None: it is none.")
      .def_property_readonly("fingerprint", &LateInteraction::fingerprint,
                             "Names the model and its passage prefix.")
      .def_property_readonly("cached_bytes", &LateInteraction::cached_bytes,
                             "Bytes that the cache of passages holds now.")
      .def_property_readonly("description", &LateInteraction::description,
                             "Precision and instruction set: 'engine fp32 avx2'.");
}
