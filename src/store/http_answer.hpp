// store/http_answer.hpp: what a database over HTTP answers. Nothing of it is trusted.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <tamis/cascade/clock.hpp>
#include <tamis/store/store.hpp>

namespace tamis::store {

/// Rows of an answer; throws nlohmann's exceptions for what is none.
using ReadRows = std::function<std::vector<StoreRow>(const nlohmann::json&)>;

/// Rows of a body. Throws RemoteError for what is no answer, and when the deadline passes.
[[nodiscard]] std::vector<StoreRow> read_rows(std::string_view service, std::string_view body,
                                              const ReadRows& rows, const Deadline* deadline);

/// Names of fields, or paths "a.b"; an empty `id` is the database's own.
struct Fields {
  std::string id;
  std::string text;
};

/// OpenSearch's and Elasticsearch's.
[[nodiscard]] std::vector<StoreRow> search_engine_rows(const Fields& fields,
                                                       const nlohmann::json& answer);
[[nodiscard]] std::vector<StoreRow> qdrant_rows(const Fields& fields, const nlohmann::json& answer);

}  // namespace tamis::store
