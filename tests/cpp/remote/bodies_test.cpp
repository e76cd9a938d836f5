// What is sent, against the formats that the services document.
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tamis/cascade/clock.hpp>
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
  CHECK(body_of(RerankDialect::jina, {.model = "m", .truncate = false})["truncation"] == false);
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

TEST_CASE("long texts arrive as they are") {
  // Parts are written one after the other; their ends fall into each character at every place.
  for (const std::string& unit : {std::string("a"), std::string("\"\\\x01/"), std::string("\u00e9"),
                                  std::string("\u5b57"), std::string("\U0001f600")}) {
    for (std::size_t shift = 0; shift < 4; ++shift) {
      std::string text(shift, 'x');
      while (text.size() < 30'000) text += unit;
      const std::vector<std::string_view> texts{text, "", text};
      const json body =
          json::parse(tamis::rerank_body(RerankDialect::cohere, {.query = "q", .texts = texts}));
      CHECK(body["documents"] == json{text, "", text});
    }
  }
  const std::string stray(20'000, '\x80');  // no character begins in it
  const std::vector<std::string_view> texts{stray};
  const json body =
      json::parse(tamis::rerank_body(RerankDialect::tei, {.query = "q", .texts = texts}));
  CHECK(body["texts"][0].get<std::string>().starts_with("\ufffd\ufffd"));
}

TEST_CASE("a request is written inside the deadline") {
  const std::vector<std::string_view> texts{"one"};
  const auto write = [&](std::chrono::nanoseconds left) {
    const tamis::Deadline deadline =
        tamis::Deadline(std::make_shared<tamis::ManualClock>()).within(left);
    return message_of<tamis::RemoteError>([&] {
      (void)tamis::rerank_body(RerankDialect::tei, {.query = "q", .texts = texts}, &deadline);
    });
  };
  CHECK(write(std::chrono::microseconds(1)).empty());
  CHECK(write(std::chrono::nanoseconds(0)) == "the deadline came before the request was written");
}

TEST_CASE("an unknown service is refused with those that are known") {
  CHECK(message_of<std::exception>([] {
          (void)tamis::rerank_service("kohere");
        }).find("cohere, voyage, jina, mixedbread, tei") != std::string::npos);
}

TEST_CASE("a request to Voyage's first models holds half as many tokens") {
  const tamis::RerankService& voyage = tamis::rerank_service("voyage");
  for (const char* const model : {"rerank-2.5", "rerank-2", "rerank-2-lite"}) {
    CHECK(tamis::max_tokens_of(voyage, model) == 600'000);
  }
  for (const char* const model : {"rerank-1", "rerank-lite-1"}) {
    CHECK(tamis::max_tokens_of(voyage, model) == 300'000);
  }
  CHECK(tamis::max_tokens_of(tamis::rerank_service("cohere"), "rerank-1") == 0);
}
