// What comes back is never trusted.
#include <array>
#include <cmath>
#include <random>
#include <string>

#include <tamis/remote/rerank_api.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::parse_rerank_answer;
using tamis::RerankBill;
using tamis::RerankDialect;

namespace {

constexpr std::array kDialects{RerankDialect::cohere, RerankDialect::voyage, RerankDialect::jina,
                               RerankDialect::mixedbread, RerankDialect::tei};

// As recorded from the services, shortened.
const std::string kCohere =
    R"({"id":"2","results":[{"index":1,"relevance_score":0.999},{"index":0,"relevance_score":0.5}],)"
    R"("meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}})";
const std::string kVoyage =
    R"({"object":"list","data":[{"relevance_score":0.7421875,"index":0},)"
    R"({"relevance_score":0.69140625,"index":1}],"model":"rerank-2-lite","usage":{"total_tokens":57}})";
const std::string kTei = R"([{"index":1,"score":0.25},{"index":0,"score":-3.5}])";

std::string refusal(RerankDialect dialect, const std::string& body, std::size_t count = 2) {
  RerankBill bill;
  return message_of<std::exception>([&] { (void)parse_rerank_answer(dialect, body, count, bill); });
}

}  // namespace

TEST_CASE("scores go to their documents, whatever the order") {
  RerankBill bill;
  CHECK(parse_rerank_answer(RerankDialect::cohere, kCohere, 2, bill) ==
        std::vector<float>{0.5F, 0.999F});
  CHECK(bill.searches == 1);
  CHECK(parse_rerank_answer(RerankDialect::voyage, kVoyage, 2, bill) ==
        std::vector<float>{0.7421875F, 0.69140625F});
  CHECK(bill.tokens == 57);
  CHECK(parse_rerank_answer(RerankDialect::tei, kTei, 2, bill) == std::vector<float>{-3.5F, 0.25F});
}

TEST_CASE("answers that cannot be used") {
  const auto has = [](const std::string& text, const char* part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  has(refusal(RerankDialect::cohere, "I am sorry"), "no JSON");
  has(refusal(RerankDialect::cohere, ""), "no JSON");
  has(refusal(RerankDialect::cohere, kCohere.substr(0, 60)), "no JSON");
  has(refusal(RerankDialect::cohere, "[]"), "no list");
  has(refusal(RerankDialect::voyage, kCohere), "no list");
  has(refusal(RerankDialect::tei, "{}"), "no list");
  has(refusal(RerankDialect::cohere, kCohere, 3), "2 of 3");
  has(refusal(RerankDialect::cohere, kCohere, 1), "none of the 1");
  has(refusal(RerankDialect::tei, R"([{"index":-1,"score":1},{"index":0,"score":1}])"), "none of");
  has(refusal(RerankDialect::tei, R"([{"index":0.5,"score":1},{"index":0,"score":1}])"), "none of");
  has(refusal(RerankDialect::tei, R"([{"index":0,"score":1},{"index":0,"score":1}])"), "twice");
  has(refusal(RerankDialect::tei, R"([{"index":0,"score":null},{"index":1,"score":1}])"),
      "no number");
  has(refusal(RerankDialect::tei, R"([{"index":0,"score":1e300},{"index":1,"score":1}])"),
      "not finite");
  has(refusal(RerankDialect::tei, R"([{"index":0,"score":NaN},{"index":1,"score":1}])"), "no JSON");
}

TEST_CASE("messages of errors are found under the names that services use") {
  using tamis::service_message;
  CHECK(service_message(R"({"message":"invalid api token"})") == "invalid api token");
  CHECK(service_message(R"({"detail":"too long"})") == "too long");
  CHECK(service_message(R"({"detail":[{"loc":["body"],"msg":"field required"}]})") ==
        "field required");
  CHECK(service_message(R"({"error":"Model is overloaded","error_type":"overloaded"})") ==
        "Model is overloaded");
  CHECK(service_message("<html>\nBad gateway</html>") == "<html> Bad gateway</html>");
  CHECK(service_message(std::string(5000, 'x')).size() < 400);
  CHECK(service_message("a \xff b") == "a \xef\xbf\xbd b");
}

TEST_CASE("a message holds no half of a key at the end of what is read of it") {
  const std::vector<std::string> secrets{"s3cret-key"};
  for (const std::size_t half : {1U, 5U, 9U}) {
    const std::string body = std::string(65'536 - half, '\0') + secrets[0];  // NULs are left out
    CHECK(tamis::service_message(body, secrets).find("s3") == std::string::npos);
  }
}

TEST_CASE("100,000 mutated answers give scores for every document or a RemoteError") {
  std::mt19937 random(11);
  std::size_t usable = 0;
  for (int round = 0; round < 20'000; ++round) {
    for (const std::string& start : {kCohere, kVoyage, kTei, kCohere + kTei, std::string("{}")}) {
      std::string body = start;
      for (std::size_t i = random() % 4 + 1; i > 0 && !body.empty(); --i) {
        const std::size_t at = random() % body.size();
        switch (random() % 4) {
          case 0:
            body[at] = static_cast<char>(random());
            break;
          case 1:
            body.erase(at, random() % 8);
            break;
          case 2:
            body.insert(at, body.substr(random() % body.size(), random() % 16));
            break;
          default:
            body[at] = "0123456789-e.,:{}[]\""[random() % 20];
        }
      }
      try {
        RerankBill bill;
        const auto scores =
            parse_rerank_answer(kDialects[random() % kDialects.size()], body, 2, bill);
        usable += 1;
        REQUIRE(scores.size() == 2);
        REQUIRE(std::isfinite(scores[0] + scores[1]));
      } catch (const tamis::RemoteError&) {
      }
    }
  }
  CHECK(usable > 1000);
}
