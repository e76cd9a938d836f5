// What is sent, against the formats that the services document.
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tamis/remote/rerank_api.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using nlohmann::json;
using tamis::RerankDialect;

namespace {

json body_of(RerankDialect dialect, tamis::RerankQuestion question) {
  static const std::vector<std::string_view> texts{"one", "two"};
  question.query = "q";
  question.texts = texts;
  return json::parse(tamis::rerank_body(dialect, question));
}

}  // namespace

TEST_CASE("each dialect has its own names") {
  const json texts{"one", "two"};
  CHECK(body_of(RerankDialect::cohere, {.model = "m"}) ==
        json({{"model", "m"}, {"query", "q"}, {"documents", texts}}));
  CHECK(body_of(RerankDialect::cohere, {.model = "m", .max_tokens_per_document = 512}) ==
        json({{"model", "m"}, {"query", "q"}, {"documents", texts}, {"max_tokens_per_doc", 512}}));
  CHECK(body_of(RerankDialect::voyage,
                {.model = "m", .instruction = "Prefer law.", .truncate = false}) ==
        json({{"model", "m"},
              {"query", "Prefer law.\nq"},
              {"documents", texts},
              {"top_k", nullptr},
              {"truncation", false}}));
  CHECK(body_of(RerankDialect::jina, {.model = "m"}) ==
        json({{"model", "m"}, {"query", "q"}, {"documents", texts}, {"return_documents", false}}));
  CHECK(body_of(RerankDialect::mixedbread, {.model = "m"}) ==
        json({{"model", "m"}, {"query", "q"}, {"input", texts}, {"return_input", false}}));
  CHECK(body_of(RerankDialect::tei, {}) ==
        json({{"query", "q"}, {"texts", texts}, {"truncate", true}}));
}

TEST_CASE("invalid UTF-8 is sent as the replacement character") {
  const std::vector<std::string_view> texts{"a\xff"};
  const std::string body =
      tamis::rerank_body(RerankDialect::tei, {.query = "\xc3", .texts = texts});
  CHECK(json::parse(body)["texts"][0] == "a\xef\xbf\xbd");
}

TEST_CASE("an unknown service is refused with those that are known") {
  CHECK(message_of<std::exception>([] {
          (void)tamis::rerank_service("kohere");
        }).find("cohere, voyage, jina, mixedbread, tei") != std::string::npos);
}
