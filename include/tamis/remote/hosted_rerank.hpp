// tamis/remote/hosted_rerank.hpp: a hosted reranker as a stage.
//
//   tamis::Cascade cascade({{bm25, {.keep = 100}},
//                           {tamis::stages::hosted_rerank("cohere"), {.keep = 10}}},
//                          {.budget_ms = 800});
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <tamis/cascade/stage.hpp>
#include <tamis/remote/http.hpp>
#include <tamis/remote/price.hpp>

namespace tamis {

struct HostedOptions {
  std::string model;     ///< empty: the service's usual one
  std::string base_url;  ///< empty: the service's own
  /// None: the service's variable in the environment (COHERE_API_KEY, VOYAGE_API_KEY, JINA_API_KEY,
  /// MXBAI_API_KEY; TEI needs none). It is in no message and no trace.
  std::optional<std::string> api_key = {};
  std::string instruction = {};                             ///< Voyage 2.5
  std::optional<std::size_t> max_tokens_per_document = {};  ///< Cohere
  bool truncate = true;                                     ///< false: Voyage, Jina, TEI
  std::optional<std::size_t> max_documents = {};  ///< of one request; more are sent as several
  std::optional<std::size_t> max_tokens = {};     ///< of one request, estimated
  std::optional<Price> price = {};                ///< none: list_prices(), else not counted
  std::size_t retries = 2;                        ///< of each request, for failures that may pass
  double backoff_ms = 50;  ///< before the first retry; doubles. Retry-After goes before it
  HttpOptions http = {};
  std::string name = {};  ///< of the stage; empty: the service's
};

namespace stages {

/// Requests are split where the service has limits, sent side by side, and merged. When some of
/// them fail, the candidates before the first that failed are scored and a warning tells of the
/// rest; when that is the first of all, the stage fails with RemoteError. What was billed counts
/// either way. A wait that does not fit into the deadline, or into `http.timeout_ms`, is not begun.
/// Throws InvalidArgument for an unknown service, a missing key, a URL that is none, or an option
/// that the service does not have.
[[nodiscard]] AnyStage hosted_rerank(const std::string& service, HostedOptions options = {});

}  // namespace stages
}  // namespace tamis
