// bindings/remote_module.cpp: the module `_remote`: stages that call out. It links libcurl, and is
// imported by the first such stage. The type Stage is `_native`'s.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/cascade/stage.hpp>
#include <tamis/remote/hosted_rerank.hpp>
#include <tamis/remote/judge.hpp>

#include "signals.hpp"
#include "without_gil.hpp"

namespace py = pybind11;
using tamis::AnyStage;
using tamis::Price;

namespace {

void translate(std::exception_ptr pointer) {
  if (!pointer) return;
  try {
    std::rethrow_exception(pointer);
  } catch (const tamis::InvalidArgument& error) {
    const py::object type = py::module_::import("tamis._native").attr("InvalidArgument");
    PyErr_SetString(type.ptr(), error.what());
  }
}

tamis::HttpOptions http_options(const std::string& ca_file, std::optional<std::string> proxy,
                                std::size_t max_response_bytes, std::size_t connections,
                                double connect_timeout_ms, double timeout_ms) {
  return {.ca_file = ca_file,
          .proxy = std::move(proxy),
          .max_response_bytes = max_response_bytes,
          .connections = connections,
          .connect_timeout_ms = connect_timeout_ms,
          .timeout_ms = timeout_ms,
          .on_wait = check_signals};
}

/// (dollars a search, dollars a million tokens).
std::optional<Price> price_of(const std::optional<std::pair<double, double>>& price) {
  if (!price) return std::nullopt;
  return Price{price->first, price->second};
}

AnyStage hosted_rerank(const std::string& service, const std::string& name, std::string model,
                       std::string base_url, std::optional<std::string> api_key,
                       std::string instruction, std::optional<std::size_t> max_tokens_per_document,
                       bool truncate, std::optional<std::size_t> max_documents,
                       std::optional<std::size_t> max_tokens,
                       const std::optional<std::pair<double, double>>& price, std::size_t tries,
                       double wait_ms, tamis::HttpOptions http) {
  return tamis::stages::hosted_rerank(service, {.model = std::move(model),
                                                .base_url = std::move(base_url),
                                                .api_key = std::move(api_key),
                                                .instruction = std::move(instruction),
                                                .max_tokens_per_document = max_tokens_per_document,
                                                .truncate = truncate,
                                                .max_documents = max_documents,
                                                .max_tokens = max_tokens,
                                                .price = price_of(price),
                                                .retries = tries,
                                                .backoff_ms = wait_ms,
                                                .http = std::move(http),
                                                .name = name});
}

tamis::JudgeMode mode_of(const std::string& mode) {
  if (mode == "pointwise") return tamis::JudgeMode::pointwise;
  if (mode == "expected") return tamis::JudgeMode::expected;
  if (mode == "listwise") return tamis::JudgeMode::listwise;
  tamis::raise<tamis::InvalidArgument>(
      "mode must be 'pointwise', 'expected' or 'listwise', got '{}'", mode);
}

tamis::JudgeOptions judge_options(std::string base_url, std::string model,
                                  std::optional<std::string> api_key, std::string rubric,
                                  const std::string& mode, std::size_t highest_grade,
                                  std::string prompt, std::string body,
                                  std::size_t max_passage_bytes, std::size_t window,
                                  std::size_t step, std::size_t tries, double wait_ms,
                                  const std::optional<std::pair<double, double>>& price,
                                  tamis::HttpOptions http, std::string name) {
  return {.base_url = std::move(base_url),
          .model = std::move(model),
          .api_key = std::move(api_key),
          .rubric = std::move(rubric),
          .mode = mode_of(mode),
          .highest_grade = highest_grade,
          .prompt = std::move(prompt),
          .body = std::move(body),
          .max_passage_bytes = max_passage_bytes,
          .window = window,
          .step = step,
          .retries = tries,
          .backoff_ms = wait_ms,
          .price = price_of(price).value_or(Price{}),
          .http = std::move(http),
          .name = std::move(name)};
}

/// (grade or None, reason, error, answers, tokens, dollars) of each passage.
py::list grade(const tamis::Judge& judge, const std::string& query,
               const std::vector<std::string>& passages, std::optional<double> budget_ms) {
  std::vector<tamis::Judgement> found;
  {
    const WithoutGil release;
    const std::vector<std::string_view> views(passages.begin(), passages.end());
    const auto clock = std::make_shared<tamis::SteadyClock>();
    tamis::Deadline deadline(clock);
    if (budget_ms) deadline = deadline.within(tamis::from_milliseconds(*budget_ms));
    tamis::JudgeBill bill;
    found = judge.grade(query, views, deadline, {}, bill);
  }
  py::list told;
  for (const tamis::Judgement& one : found)
    told.append(
        py::make_tuple(one.grade, one.reason, one.error, one.answers, one.tokens, one.dollars));
  return told;
}

}  // namespace

PYBIND11_MODULE(_remote, module) {
  module.doc() = "Stages that call out: hosted rerankers and language models.";
  without_gil::share_the_watch();
  py::register_local_exception_translator(&translate);
  py::class_<tamis::HttpOptions>(module, "HttpOptions")
      .def(py::init(&http_options), py::kw_only(), py::arg("ca_file") = "",
           py::arg("proxy") = py::none(), py::arg("max_response_bytes") = 1U << 20U,
           py::arg("connections") = 8, py::arg("connect_timeout_ms") = 5000.0,
           py::arg("timeout_ms") = 60'000.0);
  module.def("hosted_rerank", &hosted_rerank, py::arg("service"), py::kw_only(), py::arg("name"),
             py::arg("model"), py::arg("base_url"), py::arg("api_key"), py::arg("instruction"),
             py::arg("max_tokens_per_document"), py::arg("truncate"), py::arg("max_documents"),
             py::arg("max_tokens"), py::arg("price"), py::arg("tries"), py::arg("wait_ms"),
             py::arg("http"), "stages::hosted_rerank of C++.");
  py::class_<tamis::Judge>(module, "Judge")
      .def(py::init([](std::string base_url, std::string model, std::optional<std::string> api_key,
                       std::string rubric, const std::string& mode, std::size_t highest_grade,
                       std::string prompt, std::string body, std::size_t max_passage_bytes,
                       std::size_t window, std::size_t step, std::size_t tries, double wait_ms,
                       const std::optional<std::pair<double, double>>& price,
                       tamis::HttpOptions http, std::string name) {
             return tamis::Judge(judge_options(
                 std::move(base_url), std::move(model), std::move(api_key), std::move(rubric), mode,
                 highest_grade, std::move(prompt), std::move(body), max_passage_bytes, window, step,
                 tries, wait_ms, price, std::move(http), std::move(name)));
           }),
           py::kw_only(), py::arg("base_url"), py::arg("model"), py::arg("api_key"),
           py::arg("rubric"), py::arg("mode"), py::arg("highest_grade"), py::arg("prompt"),
           py::arg("body"), py::arg("max_passage_bytes"), py::arg("window"), py::arg("step"),
           py::arg("tries"), py::arg("wait_ms"), py::arg("price"), py::arg("http"), py::arg("name"))
      .def("grade", &grade, py::arg("query"), py::arg("passages"), py::kw_only(),
           py::arg("budget_ms") = py::none(),
           "[(grade or None, reason, error, answers, tokens, dollars)] of each passage.")
      .def("stage", [](const tamis::Judge& self) { return tamis::stages::judge(self.options()); })
      .def_property_readonly("prompt_version", [](const tamis::Judge& self) {
        return std::string(self.options().prompt.empty()
                               ? tamis::judge_prompt_version(self.options().mode)
                               : "the caller's");
      });
}
