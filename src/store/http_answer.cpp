// store/http_answer.cpp
#include "store/http_answer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <tamis/remote/error.hpp>

#include "remote/answer_json.hpp"

namespace tamis::store {
namespace {

using Json = nlohmann::json;

/// Of an array the texts of its elements, a line each; numbers and others are written out.
std::string as_text(const Json& value) {
  const auto written = [](const Json& one) {
    return one.is_string() ? one.get<std::string>() : one.dump();
  };
  if (value.is_null()) return {};
  if (!value.is_array()) return written(value);
  std::string lines;
  for (const Json& element : value) {
    if (&element != &value.front()) lines += '\n';
    lines += written(element);
  }
  return lines;
}

/// A member as text, or by a path "a.b" the member of a member; empty where there is none.
std::string text_at(const Json& object, std::string_view path) {
  const auto whole = object.find(path);
  if (whole != object.end()) {
    return as_text(*whole);
  }
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) return {};
  const auto inner = object.find(path.substr(0, dot));
  return inner == object.end() ? std::string() : text_at(*inner, path.substr(dot + 1));
}

/// Throws RemoteError for a field that is not there: candidates without it would be one, or no
/// text.
std::vector<StoreRow> named(std::vector<StoreRow> rows, const Fields& fields) {
  const auto refuse = [](std::string_view field) {
    throw RemoteError(fmt::format("the documents have no '{}': is the name right?", field), 0,
                      /*may_pass=*/false);
  };
  const auto nameless = [](const StoreRow& row) { return row.id.empty(); };
  const auto empty = [](const StoreRow& row) { return row.text.empty(); };
  if (rows.empty()) return rows;
  if (std::all_of(rows.begin(), rows.end(), nameless)) refuse(fields.id);
  if (std::all_of(rows.begin(), rows.end(), empty)) refuse(fields.text);
  return rows;
}

}  // namespace

std::vector<StoreRow> read_rows(std::string_view service, std::string_view body,
                                const ReadRows& rows, const Deadline* deadline) {
  const Json answer = remote::answer_json(body, deadline);
  if (answer.is_discarded()) {
    throw RemoteError(fmt::format("{} sends what is no JSON", service), 0, /*may_pass=*/true);
  }
  try {
    std::vector<StoreRow> found = rows(answer);
    for (const StoreRow& row : found) {
      if (std::isfinite(row.score)) continue;
      throw RemoteError(fmt::format("{} sends a score that is not finite", service), 0,
                        /*may_pass=*/true);
    }
    return found;
  } catch (const Json::exception& error) {
    throw RemoteError(fmt::format("{} sends what is no search's answer: {}", service, error.what()),
                      0,
                      /*may_pass=*/true);
  }
}

std::vector<StoreRow> search_engine_rows(const Fields& fields, const Json& answer) {
  std::vector<StoreRow> found;
  for (const Json& hit : answer.at("hits").at("hits")) {
    const Json source = hit.value("_source", Json::object());
    found.push_back(
        {fields.id.empty() ? hit.at("_id").get<std::string>() : text_at(source, fields.id),
         text_at(source, fields.text), hit.at("_score").get<float>()});
  }
  return named(std::move(found), fields);
}

std::vector<StoreRow> qdrant_rows(const Fields& fields, const Json& answer) {
  std::vector<StoreRow> found;
  for (const Json& point : answer.at("result").at("points")) {
    const auto payload = point.find("payload");
    const Json held = payload == point.end() || payload->is_null() ? Json::object() : *payload;
    (void)point.at("id");
    found.push_back({fields.id.empty() ? text_at(point, "id") : text_at(held, fields.id),
                     text_at(held, fields.text), point.at("score").get<float>()});
  }
  return named(std::move(found), fields);
}

}  // namespace tamis::store
