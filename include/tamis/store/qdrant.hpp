// tamis/store/qdrant.hpp: Qdrant, over HTTP.
//
//   auto docs = tamis::stores::qdrant({.base_url = "http://qdrant:6333", .collection = "docs",
//                                      .search = {.embed = embed}});
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <tamis/remote/http.hpp>
#include <tamis/store/store.hpp>

namespace tamis {

struct QdrantOptions {
  std::string base_url;
  std::string collection;
  std::string id = {};        ///< a field of the payload; empty: the point's id
  std::string text = "text";  ///< a field of the payload, or a path "a.b"
  std::string vector = {};    ///< name of the dense vector; empty: the unnamed one
  /// Name of a sparse vector for words, whose queries the server makes ("qdrant/bm25", from 1.15);
  /// empty: words are not looked for.
  std::string sparse = {};
  std::optional<std::string> api_key = {};  ///< none: QDRANT_API_KEY, if it is set
  std::size_t retries = 1;                  ///< of each request, for failures that may pass
  double backoff_ms = 50;
  HttpOptions http = HttpOptions::of_databases();
  SearchOptions search = {};
};

namespace stores {

/// Throws InvalidArgument for options that cannot be used, such as neither `sparse` nor `embed`.
[[nodiscard]] Store qdrant(QdrantOptions options);

}  // namespace stores
}  // namespace tamis
