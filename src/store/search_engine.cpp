// store/search_engine.cpp: OpenSearch and Elasticsearch: what they are asked and answer.
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <tamis/store/search_engine.hpp>

#include "remote/access.hpp"
#include "remote/transfer.hpp"
#include "store/http_halves.hpp"
#include "store/plain_text.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

/// Where the two differ.
struct Engine {
  const char* name;
  const char* key_variable;
  const char* key_scheme;
  Json (*neighbours)(const SearchEngineOptions&, const StoreQuestion&);
};

Json opensearch_neighbours(const SearchEngineOptions& options, const StoreQuestion& question) {
  return {{"query",
           {{"knn", {{options.vector, {{"vector", question.vector}, {"k", question.count}}}}}}}};
}

Json elasticsearch_neighbours(const SearchEngineOptions& options, const StoreQuestion& question) {
  // Of each shard, that are looked at; the server refuses fewer than k and over 10,000.
  const std::size_t looked_at =
      std::min<std::size_t>(std::max<std::size_t>(2 * question.count, 100), 10'000);
  return {{"knn",
           {{"field", options.vector},
            {"query_vector", question.vector},
            {"k", question.count},
            {"num_candidates", looked_at}}}};
}

std::vector<std::string> headers(const Engine& engine, const std::string& key) {
  if (key.empty()) return {};
  return {fmt::format("Authorization: {} {}", engine.key_scheme, key)};
}

/// What both halves have: how many, and which fields come back.
Json with_fields(const SearchEngineOptions& options, const StoreQuestion& question, Json body) {
  Json fields = Json::array({options.text});
  if (!options.id.empty()) fields.push_back(options.id);
  body["size"] = question.count;
  body["_source"] = std::move(fields);
  return body;
}

Store search_engine(const Engine& engine, SearchEngineOptions options) {
  if (options.search.embed != nullptr && options.vector.empty()) {
    raise<InvalidArgument>("embed needs a field of vectors: hand in vector");
  }
  if (options.text.empty()) raise<InvalidArgument>("text is empty: name the field");
  const std::string key = remote::key_of(options.api_key, engine.key_variable);
  // A shard that fails is an error, not a shorter answer.
  const std::string path = fmt::format("/{}/_search?allow_partial_search_results=false",
                                       store::path_part(options.index, "index"));
  const std::string url = remote::joined_url(options.base_url, path);
  const auto shared = std::make_shared<const SearchEngineOptions>(options);
  store::HttpDatabase database{
      .url = url,
      .headers = headers(engine, key),
      .terms = {engine.name, remote::secrets_of(key, {url, options.http.proxy.value_or("")}),
                options.retries, remote::checked_backoff(options.backoff_ms)},
      .client = HttpClient(options.http),
      .text_body =
          [shared](const StoreQuestion& question) {
            const std::string_view asked = store::beginning_of(question.text, store::kLongestQuery);
            return with_fields(*shared, question,
                               {{"query", {{"match", {{shared->text, {{"query", asked}}}}}}}});
          },
      .dense_body =
          [shared, neighbours = engine.neighbours](const StoreQuestion& question) {
            return with_fields(*shared, question, neighbours(*shared, question));
          },
      .rows = [fields = store::Fields{options.id, options.text}](
                  const Json& answer) { return store::search_engine_rows(fields, answer); }};
  std::string name =
      fmt::format("{}, {} at {}", engine.name, options.index, remote::host_of(options.base_url));
  return {std::move(name), std::move(options.search),
          [database = std::move(database)](const StoreQuestion& question) {
            return store::ask(database, question);
          }};
}

}  // namespace

Store stores::opensearch(SearchEngineOptions options) {
  static constexpr Engine kEngine{"OpenSearch", "OPENSEARCH_API_KEY", "Bearer",
                                  opensearch_neighbours};
  return search_engine(kEngine, std::move(options));
}

Store stores::elasticsearch(SearchEngineOptions options) {
  static constexpr Engine kEngine{"Elasticsearch", "ELASTIC_API_KEY", "ApiKey",
                                  elasticsearch_neighbours};
  return search_engine(kEngine, std::move(options));
}

}  // namespace tamis
