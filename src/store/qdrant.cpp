// store/qdrant.cpp: what Qdrant is asked and answers.
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <tamis/store/qdrant.hpp>

#include "remote/access.hpp"
#include "remote/transfer.hpp"
#include "store/http_halves.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

void check(QdrantOptions& options) {
  if (options.text.empty()) raise<InvalidArgument>("text is empty: name the field of the payload");
  if (!options.sparse.empty()) return;
  if (options.search.embed == nullptr) {
    raise<InvalidArgument>("Qdrant needs embed for a dense vector, or the name of a sparse one");
  }
  if (options.search.fusion == StoreFusion::text || options.search.fusion == StoreFusion::unite) {
    raise<InvalidArgument>("this fusion looks for words: hand in the name of a sparse vector");
  }
  options.search.fusion = StoreFusion::dense;
}

Json body(const QdrantOptions& options, const StoreQuestion& question, Json query,
          const std::string& vector) {
  Json fields = Json::array({options.text});
  if (!options.id.empty()) fields.push_back(options.id);
  Json asked{
      {"query", std::move(query)}, {"limit", question.count}, {"with_payload", std::move(fields)}};
  if (!vector.empty()) asked["using"] = vector;
  return asked;
}

}  // namespace

Store stores::qdrant(QdrantOptions options) {
  check(options);
  const std::string key = remote::key_of(options.api_key, "QDRANT_API_KEY");
  const std::string path = fmt::format("/collections/{}/points/query",
                                       store::path_part(options.collection, "collection"));
  const std::string url = remote::joined_url(options.base_url, path);
  const auto shared = std::make_shared<const QdrantOptions>(options);
  store::HttpDatabase database{
      .url = url,
      .headers =
          key.empty() ? std::vector<std::string>{} : std::vector<std::string>{"api-key: " + key},
      .terms = {"Qdrant", remote::secrets_of(key, {url, options.http.proxy.value_or("")}),
                options.retries, remote::checked_backoff(options.backoff_ms)},
      .client = HttpClient(options.http),
      .text_body =
          [shared](const StoreQuestion& question) {
            return body(*shared, question, {{"text", question.text}, {"model", "qdrant/bm25"}},
                        shared->sparse);
          },
      .dense_body =
          [shared](const StoreQuestion& question) {
            return body(*shared, question, question.vector, shared->vector);
          },
      .rows = [fields = store::Fields{options.id, options.text}](
                  const Json& answer) { return store::qdrant_rows(fields, answer); }};
  std::string name =
      fmt::format("Qdrant, {} at {}", options.collection, remote::host_of(options.base_url));
  return {std::move(name), std::move(options.search),
          [database = std::move(database)](const StoreQuestion& question) {
            return store::ask(database, question);
          }};
}

}  // namespace tamis
