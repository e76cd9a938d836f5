// tamis/store/search_engine.hpp: OpenSearch and Elasticsearch, over HTTP.
//
//   auto docs = tamis::stores::opensearch({.base_url = "https://search:9200", .index = "docs"});
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <tamis/remote/http.hpp>
#include <tamis/store/store.hpp>

namespace tamis {

struct SearchEngineOptions {
  std::string base_url;  ///< may hold "user:password@"; they are in no message
  std::string index;
  std::string id = {};        ///< a field of the document; empty: its _id
  std::string text = "text";  ///< a field, or a path "a.b"; it is searched and returned
  std::string vector = {};    ///< a field of vectors; needs `search.embed`
  /// None: OPENSEARCH_API_KEY (sent as Bearer) or ELASTIC_API_KEY (as ApiKey), if it is set.
  std::optional<std::string> api_key = {};
  std::size_t retries = 1;  ///< of each request, for failures that may pass
  double backoff_ms = 50;
  HttpOptions http = HttpOptions::of_databases();
  SearchOptions search = {};
};

namespace stores {

/// `match` on the text, by BM25, and nearest neighbours: two requests, side by side. Of a query the
/// first 2,000 bytes count, which keeps it below the servers' limit of clauses. Throws
/// InvalidArgument for options that cannot be used.
[[nodiscard]] Store opensearch(SearchEngineOptions options);
[[nodiscard]] Store elasticsearch(SearchEngineOptions options);

}  // namespace stores
}  // namespace tamis
