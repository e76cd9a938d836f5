// remote/rerank_body.cpp: what is asked, in each dialect.
#include <nlohmann/json.hpp>

#include <tamis/remote/rerank_api.hpp>

namespace tamis {
namespace {

using Json = nlohmann::json;

Json fields_of(RerankDialect dialect, const RerankQuestion& question) {
  const std::string query(question.query);
  const Json texts = question.texts;
  switch (dialect) {
    case RerankDialect::cohere: {
      Json body{{"model", question.model}, {"query", query}, {"documents", texts}};
      if (question.max_tokens_per_document) {
        body["max_tokens_per_doc"] = *question.max_tokens_per_document;
      }
      return body;
    }
    case RerankDialect::voyage: {
      // As in Voyage's documentation of instructions: they go before the query.
      const std::string asked =
          question.instruction.empty() ? query : std::string(question.instruction) + "\n" + query;
      // All scores are wanted: null, as Voyage's own package sends it.
      return {{"model", question.model},
              {"query", asked},
              {"documents", texts},
              {"top_k", nullptr},
              {"truncation", question.truncate}};
    }
    case RerankDialect::jina:
      return {{"model", question.model},
              {"query", query},
              {"documents", texts},
              {"return_documents", false}};
    case RerankDialect::mixedbread:
      return {
          {"model", question.model}, {"query", query}, {"input", texts}, {"return_input", false}};
    case RerankDialect::tei:
      return {{"query", query}, {"texts", texts}, {"truncate", question.truncate}};
  }
  return {};
}

}  // namespace

std::string rerank_body(RerankDialect dialect, const RerankQuestion& question) {
  return fields_of(dialect, question).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace tamis
