// bindings/cascade.cpp: Cascade, and what its runs return, as plain Python values.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/cascade/cascade.hpp>
#include <tamis/error.hpp>

#include "bindings.hpp"
#include "documents.hpp"
#include "gil_pauses.hpp"
#include "python_error.hpp"
#include "signals.hpp"
#include "text.hpp"
#include "without_gil.hpp"

namespace py = pybind11;
using tamis::Cascade;
using tamis::CascadeStage;

namespace {

CascadeStage used(tamis::AnyStage stage, std::size_t keep, std::optional<std::size_t> limit,
                  std::optional<double> share, const std::optional<std::string>& on_error,
                  std::map<std::string, double> blend, std::optional<double> skip_margin,
                  std::vector<tamis::AnyStage> fallback, std::size_t retries, double backoff_ms,
                  std::size_t chunk, std::size_t breaker, double breaker_ms) {
  std::optional<tamis::OnError> when_failed;
  if (on_error) {
    if (*on_error != "skip" && *on_error != "raise") {
      tamis::raise<tamis::InvalidArgument>("unknown on_error '{}'; use skip or raise", *on_error);
    }
    when_failed = *on_error == "raise" ? tamis::OnError::raise : tamis::OnError::skip;
  }
  return {std::move(stage),
          {.keep = keep,
           .limit = limit,
           .share = share,
           .on_error = when_failed,
           .blend = std::move(blend),
           .skip_margin = skip_margin,
           .fallback = std::move(fallback),
           .retries = retries,
           .backoff_ms = backoff_ms,
           .chunk = chunk,
           .breaker = breaker,
           .breaker_ms = breaker_ms}};
}

/// What is no UTF-8, in a message of somebody else's, becomes U+FFFD.
py::object words(std::string_view text) {
  auto* const read =
      PyUnicode_DecodeUTF8(text.data(), static_cast<py::ssize_t>(text.size()), "replace");
  if (read == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(read);
}

py::object words(const std::optional<std::string>& text) {
  return text ? words(std::string_view(*text)) : py::none();
}

py::list words(const std::vector<std::string>& texts) {
  py::list out;
  for (const std::string& text : texts) out.append(words(std::string_view(text)));
  return out;
}

py::dict dict_of(const tamis::StageTrace& stage) {
  py::list dropped;
  GilPauses pause;
  for (const auto& [id, reason] : stage.dropped) {
    pause();
    dropped.append(py::make_tuple(id, words(std::string_view(reason))));
  }
  py::dict out;
  out["name"] = stage.name;
  out["in"] = stage.in;
  out["scored"] = stage.scored;
  out["kept"] = stage.kept;
  out["tokens"] = stage.tokens;
  out["truncated"] = stage.truncated;
  out["duplicates"] = stage.duplicates;
  out["predicted_ms"] = stage.predicted_ms;
  out["real_ms"] = stage.real_ms;
  out["dollars"] = stage.dollars;
  out["attempts"] = stage.attempts;
  out["skipped"] = words(stage.skipped);
  out["cut"] = words(stage.cut);
  out["ran"] = stage.ran;
  out["errors"] = words(stage.errors);
  out["warnings"] = words(stage.warnings);
  out["dropped"] = dropped;
  return out;
}

py::dict dict_of(const tamis::Trace& trace) {
  py::list stages;
  for (const tamis::StageTrace& stage : trace.stages) stages.append(dict_of(stage));
  py::dict out;
  out["total_ms"] = trace.total_ms;
  out["degraded"] = trace.degraded;
  out["stages"] = stages;
  return out;
}

/// (document, index, id, text, {stage's name: score}, {stage's name: (begin, end)} in characters,
/// or None). The scores hold nothing that Python's collector has to follow.
py::tuple tuple_of(const tamis::CascadeHit& hit, const Cascade& cascade) {
  py::dict scores;
  py::object spans = py::none();
  for (const tamis::StageScore& score : hit.scores) {
    const py::object name = py::cast(score.stage == tamis::kInputStage
                                         ? std::string_view("input")
                                         : cascade.stages()[score.stage].stage.traits().name);
    scores[name] = score.score;
    if (!score.span) continue;
    if (spans.is_none()) spans = py::dict();
    spans[name] = py::make_tuple(characters_before(hit.candidate.text, score.span->begin),
                                 characters_before(hit.candidate.text, score.span->end));
  }
  const auto& document = *static_cast<const Document*>(hit.candidate.document.get());
  return py::make_tuple(document.object, document.index, hit.candidate.id, hit.candidate.text,
                        scores, spans);
}

py::list results_of(const std::vector<tamis::CascadeResult>& results, const Cascade& cascade) {
  py::list out;
  GilPauses pause;
  for (const tamis::CascadeResult& result : results) {
    py::list hits;
    for (const tamis::CascadeHit& hit : result.hits) {
      pause();
      hits.append(tuple_of(hit, cascade));
    }
    out.append(py::make_tuple(hits, dict_of(result.trace)));
  }
  return out;
}

py::list run_many(const Cascade& cascade, const py::list& queries,
                  const std::optional<std::vector<py::tuple>>& candidates,
                  std::optional<double> budget_ms, std::optional<tamis::CancelToken> cancel) {
  const Utf8Texts utf8(queries, "query");
  std::vector<std::string_view> views(utf8.size());
  for (std::size_t i = 0; i < views.size(); ++i) views[i] = utf8[i];
  std::vector<std::vector<tamis::Candidate>> lists;
  for (const py::tuple& read : candidates.value_or(std::vector<py::tuple>{})) {
    lists.push_back(candidates_from(read));
  }
  const tamis::RunOptions options{budget_ms, std::move(cancel).value_or(tamis::CancelToken())};
  std::vector<tamis::CascadeResult> results;
  {
    const WithoutGil release;
    results = candidates ? cascade.run_many(views, std::move(lists), options)
                         : cascade.run_many(views, options);
  }
  py::list out = results_of(results, cascade);
  const WithoutGil release;  // while thousands of texts are let go
  results.clear();
  return out;
}

py::dict costs_of(const Cascade& cascade) {
  py::dict costs;
  for (const auto& [name, seen] : cascade.costs()) {
    py::list rows;
    for (const auto& [work, ms] : seen) {
      rows.append(py::make_tuple(work.items, work.tokens, ms, work.bytes));
    }
    costs[py::str(name)] = rows;
  }
  return costs;
}

using Row = std::tuple<double, double, double, double>;

void learn(const Cascade& cascade, const std::map<std::string, std::vector<Row>>& costs) {
  Cascade::Costs known;
  for (const auto& [name, rows] : costs) {
    for (const auto& [items, tokens, ms, bytes] : rows) {
      known[name].push_back({{items, tokens, bytes}, ms});
    }
  }
  cascade.learn(known);
}

/// Ctrl-C ends a wait.
class InterruptibleClock final : public tamis::Clock {
 public:
  [[nodiscard]] Time now() const override { return steady_.now(); }
  void sleep_until(Time time) const override {
    steady_.sleep_until(time);
    check_signals();
  }

 private:
  tamis::SteadyClock steady_;
};

}  // namespace

void bind_cascade(py::module_& module) {
  py::class_<CascadeStage>(module, "CascadeStage", "A stage, and how it is used.")
      .def(py::init(&used), py::arg("stage"), py::kw_only(), py::arg("keep"),
           py::arg("limit") = py::none(), py::arg("share") = py::none(),
           py::arg("on_error") = py::none(), py::arg("blend") = std::map<std::string, double>{},
           py::arg("skip_margin") = py::none(),
           py::arg("fallback") = std::vector<tamis::AnyStage>{}, py::arg("retries") = 0,
           py::arg("backoff_ms") = 20.0, py::arg("chunk") = 16, py::arg("breaker") = 5,
           py::arg("breaker_ms") = 30'000.0);
  py::class_<Cascade>(module, "Cascade", "Any number of threads may run one.")
      .def(py::init([](std::vector<CascadeStage> stages, std::optional<double> budget_ms) {
             return Cascade(std::move(stages), {.budget_ms = budget_ms,
                                                .clock = std::make_shared<InterruptibleClock>()});
           }),
           py::arg("stages"), py::kw_only(), py::arg("budget_ms") = py::none())
      .def("run_many", &run_many, py::arg("queries"), py::arg("candidates") = py::none(),
           py::kw_only(), py::arg("budget_ms") = py::none(), py::arg("cancel") = py::none(),
           "For each query (hits, trace): a hit is (document, index, id, text, scores, spans), the "
           "last two by stage; spans may be None.\n\n"
           "`candidates`: a tamis.candidates.Read for each query. The GIL is released.")
      .def_property_readonly("warnings", [](const Cascade& self) { return self.warnings(); })
      .def_property_readonly("retrieves", &Cascade::retrieves,
                             "Whether the first stage does; else runs need candidates.")
      .def_property_readonly("description", &Cascade::description)
      .def_property_readonly("costs", &costs_of,
                             "What was learnt: stage -> [(items, tokens, ms, bytes)].")
      .def("learn", &learn, py::arg("costs"), "Goes on from the costs of another process.");
}
