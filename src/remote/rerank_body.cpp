// remote/rerank_body.cpp: what is asked, in each dialect.
#include <nlohmann/json.hpp>

#include <tamis/remote/rerank_api.hpp>

#include "remote/json_text.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

/// What goes with the texts.
Json fields_of(RerankDialect dialect, const RerankQuestion& question) {
  const std::string query(question.query);
  switch (dialect) {
    case RerankDialect::cohere: {
      Json body{{"model", question.model}, {"query", query}};
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
              {"top_k", nullptr},
              {"truncation", question.truncate}};
    }
    case RerankDialect::jina:
      return {{"model", question.model}, {"query", query}, {"return_documents", false}};
    case RerankDialect::mixedbread:
      return {{"model", question.model}, {"query", query}, {"return_input", false}};
    case RerankDialect::tei:
      return {{"query", query}, {"truncate", question.truncate}};
  }
  return {};
}

std::string_view name_of_texts(RerankDialect dialect) {
  switch (dialect) {
    case RerankDialect::mixedbread:
      return "input";
    case RerankDialect::tei:
      return "texts";
    default:
      return "documents";
  }
}

}  // namespace

std::string rerank_body(RerankDialect dialect, const RerankQuestion& question,
                        const Deadline* deadline) {
  std::string body = remote::open_object(fields_of(dialect, question));
  body.append(",\"").append(name_of_texts(dialect)).append("\":[");
  for (std::size_t i = 0; i < question.texts.size(); ++i) {
    if (i > 0) body += ',';
    remote::append_text(body, question.texts[i], deadline);
  }
  return body += "]}";
}

}  // namespace tamis
