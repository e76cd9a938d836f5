// bindings/store_module.cpp: the module `_store`: databases as the first stage. It links SQLite and
// libpq, and is imported by the first of them. The type Stage is `_native`'s, HttpOptions
// `_remote`'s.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/store/postgres.hpp>
#include <tamis/store/qdrant.hpp>
#include <tamis/store/search_engine.hpp>
#include <tamis/store/sqlite.hpp>
#include <tamis/store/store.hpp>

#include "documents.hpp"
#include "python_function.hpp"
#include "signals.hpp"
#include "without_gil.hpp"

namespace py = pybind11;
using tamis::Store;
using tamis::StoreHit;

namespace {

tamis::StoreFusion fusion_of(const std::string& name) {
  if (name == "rrf") return tamis::StoreFusion::rrf;
  if (name == "union") return tamis::StoreFusion::unite;
  if (name == "text") return tamis::StoreFusion::text;
  if (name == "dense") return tamis::StoreFusion::dense;
  tamis::raise<tamis::InvalidArgument>("fusion must be rrf, union, text or dense, got '{}'", name);
}

tamis::VectorDistance distance_of(const std::string& name) {
  if (name == "cosine") return tamis::VectorDistance::cosine;
  if (name == "dot") return tamis::VectorDistance::dot;
  if (name == "l2") return tamis::VectorDistance::l2;
  tamis::raise<tamis::InvalidArgument>("distance must be cosine, dot or l2, got '{}'", name);
}

tamis::TextRank rank_of(const std::string& name) {
  if (name == "ts_rank") return tamis::TextRank::ts_rank;
  if (name == "ts_rank_cd") return tamis::TextRank::ts_rank_cd;
  tamis::raise<tamis::InvalidArgument>("rank must be ts_rank or ts_rank_cd, got '{}'", name);
}

/// `embed`: str -> list of floats.
tamis::SearchOptions search_options(const std::optional<py::function>& embed,
                                    const std::string& fusion) {
  tamis::SearchOptions options{.fusion = fusion_of(fusion)};
  if (embed) {
    options.embed = [own = PythonFunction(*embed)](std::string_view query) {
      return own.call([&](const py::function& python) {
        return python(py::str(query.data(), query.size())).cast<std::vector<float>>();
      });
    };
  }
  return options;
}

tamis::ConnectionOptions connection_options(std::size_t most, double connect_timeout_ms,
                                            double timeout_ms) {
  return {.most = most,
          .connect_timeout_ms = connect_timeout_ms,
          .timeout_ms = timeout_ms,
          .on_wait = check_signals};
}

Store sqlite(std::string path, std::string table, std::string id, std::string text,
             std::string vectors, std::string vector, std::string extension,
             tamis::SearchOptions search, tamis::ConnectionOptions connection) {
  return tamis::stores::sqlite({.path = std::move(path),
                                .table = std::move(table),
                                .id = std::move(id),
                                .text = std::move(text),
                                .vectors = std::move(vectors),
                                .vector = std::move(vector),
                                .extension = std::move(extension),
                                .search = std::move(search),
                                .connection = std::move(connection)});
}

Store postgres(std::string url, std::string schema, std::string table, std::string id,
               std::string text, std::string tsvector, std::string language, bool operators,
               const std::string& rank, int normalization, std::string vector,
               const std::string& distance, tamis::SearchOptions search,
               tamis::ConnectionOptions connection) {
  return tamis::stores::postgres({.url = std::move(url),
                                  .schema = std::move(schema),
                                  .table = std::move(table),
                                  .id = std::move(id),
                                  .text = std::move(text),
                                  .tsvector = std::move(tsvector),
                                  .language = std::move(language),
                                  .operators = operators,
                                  .rank = rank_of(rank),
                                  .normalization = normalization,
                                  .vector = std::move(vector),
                                  .distance = distance_of(distance),
                                  .search = std::move(search),
                                  .connection = std::move(connection)});
}

template <Store (*make)(tamis::SearchEngineOptions)>
Store search_engine(std::string base_url, std::string index, std::string id, std::string text,
                    std::string vector, std::optional<std::string> api_key, std::size_t retries,
                    double backoff_ms, tamis::HttpOptions http, tamis::SearchOptions search) {
  return make({.base_url = std::move(base_url),
               .index = std::move(index),
               .id = std::move(id),
               .text = std::move(text),
               .vector = std::move(vector),
               .api_key = std::move(api_key),
               .retries = retries,
               .backoff_ms = backoff_ms,
               .http = std::move(http),
               .search = std::move(search)});
}

Store qdrant(std::string base_url, std::string collection, std::string id, std::string text,
             std::string vector, std::string sparse, std::optional<std::string> api_key,
             std::size_t retries, double backoff_ms, tamis::HttpOptions http,
             tamis::SearchOptions search) {
  return tamis::stores::qdrant({.base_url = std::move(base_url),
                                .collection = std::move(collection),
                                .id = std::move(id),
                                .text = std::move(text),
                                .vector = std::move(vector),
                                .sparse = std::move(sparse),
                                .api_key = std::move(api_key),
                                .retries = retries,
                                .backoff_ms = backoff_ms,
                                .http = std::move(http),
                                .search = std::move(search)});
}

/// As `tamis.Index` gives it.
py::dict dict_of(const StoreHit& hit) {
  py::dict out;
  out["id"] = hit.id;
  out["text"] = hit.text;
  out["score"] = hit.score;
  out["scores"] = hit.scores;
  return out;
}

py::list search(const Store& store, const std::string& query, std::size_t count,
                std::optional<double> budget_ms) {
  std::vector<StoreHit> hits;
  {
    const WithoutGil release;
    tamis::Deadline deadline(std::make_shared<tamis::SteadyClock>());
    if (budget_ms) deadline = deadline.within(tamis::from_milliseconds(*budget_ms));
    hits = store.search(query, count, deadline);
  }
  py::list found;
  for (const StoreHit& hit : hits) found.append(dict_of(hit));
  return found;
}

/// The dicts are the documents that later stages and the result have.
std::vector<tamis::Candidate> candidates_of(std::vector<StoreHit> hits) {
  const py::gil_scoped_acquire gil;
  const std::shared_ptr<std::vector<Document>> held(new std::vector<Document>(hits.size()),
                                                    [](const std::vector<Document>* own) {
                                                      const py::gil_scoped_acquire again;
                                                      delete own;
                                                    });
  std::vector<tamis::Candidate> candidates;
  candidates.reserve(hits.size());
  for (std::size_t i = 0; i < hits.size(); ++i) {
    (*held)[i] = {dict_of(hits[i]), i};
    candidates.push_back(candidate_of(std::move(hits[i])));
    candidates.back().document = std::shared_ptr<const void>(held, &(*held)[i]);
  }
  return candidates;
}

tamis::AnyStage stage(const Store& store, std::size_t count, const std::string& name) {
  return {tamis::StageTraits{
              .name = name, .kind = tamis::StageKind::retrieve, .sources = store.sources()},
          [store, count](const tamis::StageCall& call) -> tamis::StageResult {
            return tamis::Retrieved{
                candidates_of(store.search(call.query, count, call.deadline, call.cancel))};
          }};
}

}  // namespace

PYBIND11_MODULE(_store, module) {
  module.doc() = "Databases as the first stage.";
  py::module_::import("tamis._remote");
  without_gil::share_the_watch();
  py::class_<tamis::SearchOptions>(module, "SearchOptions")
      .def(py::init(&search_options), py::kw_only(), py::arg("embed") = py::none(),
           py::arg("fusion") = "rrf");
  py::class_<tamis::ConnectionOptions>(module, "ConnectionOptions")
      .def(py::init(&connection_options), py::kw_only(), py::arg("most") = 8,
           py::arg("connect_timeout_ms") = 5000.0, py::arg("timeout_ms") = 30'000.0);
  py::class_<Store>(module, "Store")
      .def("search", &search, py::arg("query"), py::arg("count"), py::kw_only(),
           py::arg("budget_ms") = py::none(), "[{id, text, score, scores}], best first.")
      .def("stage", &stage, py::arg("count"), py::kw_only(), py::arg("name"),
           "stages::retrieve of C++; needs the GIL for its results alone.")
      .def_property_readonly("name", &Store::name);
  module.def("sqlite", &sqlite, py::kw_only(), py::arg("path"), py::arg("table"), py::arg("id"),
             py::arg("text"), py::arg("vectors"), py::arg("vector"), py::arg("extension"),
             py::arg("search"), py::arg("connection"), "stores::sqlite of C++.");
  module.def("postgres", &postgres, py::kw_only(), py::arg("url"), py::arg("schema"),
             py::arg("table"), py::arg("id"), py::arg("text"), py::arg("tsvector"),
             py::arg("language"), py::arg("operators"), py::arg("rank"), py::arg("normalization"),
             py::arg("vector"), py::arg("distance"), py::arg("search"), py::arg("connection"),
             "stores::postgres of C++.");
  const auto def_engine = [&](const char* name, auto make, const char* doc) {
    module.def(name, make, py::kw_only(), py::arg("base_url"), py::arg("index"), py::arg("id"),
               py::arg("text"), py::arg("vector"), py::arg("api_key"), py::arg("retries"),
               py::arg("backoff_ms"), py::arg("http"), py::arg("search"), doc);
  };
  def_engine("opensearch", &search_engine<&tamis::stores::opensearch>,
             "stores::opensearch of C++.");
  def_engine("elasticsearch", &search_engine<&tamis::stores::elasticsearch>,
             "stores::elasticsearch of C++.");
  module.def("qdrant", &qdrant, py::kw_only(), py::arg("base_url"), py::arg("collection"),
             py::arg("id"), py::arg("text"), py::arg("vector"), py::arg("sparse"),
             py::arg("api_key"), py::arg("retries"), py::arg("backoff_ms"), py::arg("http"),
             py::arg("search"), "stores::qdrant of C++.");
}
