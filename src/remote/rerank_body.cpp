// remote/rerank_body.cpp: what is asked, in each dialect.
#include <nlohmann/json.hpp>

#include <tamis/remote/rerank_api.hpp>

#include "remote/json_text.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

/// What goes with the query and the texts.
Json fields_of(RerankDialect dialect, const RerankQuestion& question) {
  switch (dialect) {
    case RerankDialect::cohere: {
      Json body{{"model", question.model}};
      if (question.max_tokens_per_document) {
        body["max_tokens_per_doc"] = *question.max_tokens_per_document;
      }
      return body;
    }
    case RerankDialect::voyage:
      // All scores are wanted: null, as Voyage's own package sends it.
      return {{"model", question.model}, {"top_k", nullptr}, {"truncation", question.truncate}};
    case RerankDialect::jina: {
      Json body{{"model", question.model}, {"return_documents", false}};
      if (!question.truncate) body["truncation"] = false;
      return body;
    }
    case RerankDialect::mixedbread:
      return {{"model", question.model}, {"return_input", false}};
    case RerankDialect::tei:
      return {{"truncate", question.truncate}};
  }
  return {};
}

/// As in Voyage's documentation of instructions: they go before the query.
std::string asked(RerankDialect dialect, const RerankQuestion& question) {
  std::string query(question.query);
  if (dialect != RerankDialect::voyage || question.instruction.empty()) return query;
  return std::string(question.instruction) + "\n" + query;
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
  if (deadline != nullptr) remote::require_time_for(question.query.size(), *deadline);
  std::string body = remote::open_object(fields_of(dialect, question));
  body += R"(,"query":)";
  remote::append_text(body, asked(dialect, question), deadline);
  body.append(",\"").append(name_of_texts(dialect)).append("\":[");
  for (std::size_t i = 0; i < question.texts.size(); ++i) {
    if (i > 0) body += ',';
    remote::append_text(body, question.texts[i], deadline);
  }
  return body += "]}";
}

}  // namespace tamis
