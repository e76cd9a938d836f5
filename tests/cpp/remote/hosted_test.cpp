// Hosted rerankers against a real server that can be slow, rude or dead.
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tamis/cascade/cascade.hpp>
#include <tamis/remote/hosted_rerank.hpp>

#include "remote/local_server.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using tamis::Candidate;
using tamis::Cascade;
using tamis::CascadeResult;
using tamis::HostedOptions;
using tamis::stages::hosted_rerank;
using test::Asked;
using test::LocalServer;
using test::Reply;

namespace {

/// Each document's score is the number in it.
Reply cohere_answer(const Asked& asked) {
  json results = json::array();
  const json question = json::parse(asked.body);
  for (std::size_t i = 0; i < question["documents"].size(); ++i) {
    const auto text = question["documents"][i].get<std::string>();
    results.push_back({{"index", i}, {"relevance_score", std::stod(text)}});
  }
  return {
      .body =
          json({{"results", results}, {"meta", {{"billed_units", {{"search_units", 1}}}}}}).dump()};
}

HostedOptions at(const std::string& url) { return {.base_url = url, .api_key = "s3cret-key"}; }

std::vector<Candidate> numbers(std::size_t count) {
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < count; ++i)
    candidates.push_back({.id = fmt::format("d{}", i), .text = std::to_string(i)});
  return candidates;
}

struct Setting {
  std::size_t keep = 3;
  double budget_ms = 5000;
  tamis::OnError on_error = tamis::OnError::skip;
};

CascadeResult run(HostedOptions options, std::size_t count, Setting setting = {}) {
  const Cascade cascade({{hosted_rerank("cohere", std::move(options)),
                          {.keep = setting.keep, .limit = count, .on_error = setting.on_error}}},
                        {.budget_ms = setting.budget_ms});
  return cascade.run("q", numbers(count));
}

/// Nothing is lost, whatever happened.
void check_all_there(const CascadeResult& result, std::size_t count) {
  std::size_t found = result.hits.size();
  for (const auto& stage : result.trace.stages) found += stage.dropped.size();
  CHECK(found == count);
}

}  // namespace

TEST_CASE("documents are ranked by the service, and the call is paid for") {
  const LocalServer server(cohere_answer);
  const CascadeResult result = run(at(server.url()), 10);
  REQUIRE(result.hits.size() == 3);
  CHECK(result.hits[0].candidate.id == "d9");
  CHECK(result.hits[2].candidate.id == "d7");
  CHECK(result.trace.stages[0].dollars == Approx(0.002));
  CHECK_FALSE(result.trace.degraded);
  const Asked asked = server.asked().at(0);
  CHECK(asked.head.find("POST /v2/rerank") == 0);
  CHECK(asked.head.find("Authorization: Bearer s3cret-key") != std::string::npos);
  CHECK(json::parse(asked.body)["model"] == "rerank-v3.5");
}

TEST_CASE("many documents go out as several requests and come back in their places") {
  const LocalServer server(cohere_answer);
  HostedOptions options = at(server.url());
  options.max_documents = 7;
  const CascadeResult result = run(options, 50, {.keep = 50});
  CHECK(server.asked().size() == 8);
  REQUIRE(result.hits.size() == 50);
  for (std::size_t i = 0; i < 50; ++i)
    CHECK(result.hits[i].candidate.id == fmt::format("d{}", 49 - i));
  CHECK(result.trace.stages[0].dollars == Approx(8 * 0.002));
}

TEST_CASE("connections are used again") {
  const LocalServer server(cohere_answer);
  const Cascade cascade({{hosted_rerank("cohere", at(server.url())), {.keep = 3, .limit = 10}}});
  for (int i = 0; i < 20; ++i) (void)cascade.run("q", numbers(10));
  CHECK(server.asked().size() == 20);
  CHECK(server.connections() == 1);
}

TEST_CASE("too many requests: waits as long as it is asked to, inside the deadline") {
  std::atomic<int> calls{0};
  const LocalServer server([&](const Asked& asked) -> Reply {
    if (++calls == 1)
      return {.status = 429, .body = R"({"message":"slow down"})", .headers = "Retry-After: 1\r\n"};
    return cohere_answer(asked);
  });
  const auto start = std::chrono::steady_clock::now();
  const CascadeResult result = run(at(server.url()), 10);
  CHECK(result.hits[0].candidate.id == "d9");
  CHECK(std::chrono::steady_clock::now() - start >= 1s);
  calls = 0;
  const CascadeResult hurried = run(at(server.url()), 10, {.budget_ms = 300});
  CHECK(calls == 1);  // a second of waiting does not fit, so it is not begun
  CHECK(hurried.hits[0].candidate.id == "d0");
  CHECK(hurried.trace.degraded);
  REQUIRE(hurried.trace.stages[0].skipped);
  CHECK(hurried.trace.stages[0].skipped->find("429: slow down") != std::string::npos);
}

TEST_CASE("a long wait that one request is asked for does not keep others from being sent again") {
  std::atomic<int> busy{0};
  const LocalServer server([&](const Asked& asked) -> Reply {
    if (asked.body.find("\"7\"") != std::string::npos) {
      return {.status = 429, .body = "{}", .headers = "Retry-After: 3600\r\n"};
    }
    if (++busy == 1) return {.status = 500, .body = "{}"};
    return cohere_answer(asked);
  });
  HostedOptions options = at(server.url());
  options.max_documents = 5;
  const CascadeResult result = run(options, 10, {.keep = 10});
  CHECK(busy == 2);
  CHECK(result.trace.stages[0].scored == 5);
  REQUIRE_FALSE(result.trace.stages[0].warnings.empty());
  CHECK(result.trace.stages[0].warnings[0].find("asks to wait 3600 s") != std::string::npos);
}

TEST_CASE("without a budget no wait is longer than a call may take") {
  const LocalServer server(
      [](const Asked&) { return Reply{.status = 429, .headers = "Retry-After: 3600\r\n"}; });
  const Cascade cascade({{hosted_rerank("cohere", at(server.url())), {.keep = 3, .limit = 10}}});
  CHECK(cascade.run("q", numbers(10)).trace.degraded);
  CHECK(server.asked().size() == 1);
}

TEST_CASE("what was billed is in the trace of a stage that failed") {
  const LocalServer server([](const Asked& asked) -> Reply {
    if (asked.body.find("\"0\"") != std::string::npos) return {.status = 400, .body = "{}"};
    return cohere_answer(asked);
  });
  HostedOptions options = at(server.url());
  options.max_documents = 5;
  const CascadeResult result = run(options, 20, {.keep = 20});
  check_all_there(result, 20);
  CHECK(result.trace.stages[0].skipped);
  CHECK(result.trace.stages[0].dollars == Approx(3 * 0.002));
}

TEST_CASE("answers that cannot be used are paid for too") {
  std::atomic<int> calls{0};
  const LocalServer server([&](const Asked& asked) -> Reply {
    if (++calls > 1) return cohere_answer(asked);
    return {.body = R"({"results":[],"meta":{"billed_units":{"search_units":1}}})"};
  });
  const CascadeResult result = run(at(server.url()), 10);
  CHECK_FALSE(result.trace.degraded);
  CHECK(result.trace.stages[0].dollars == Approx(2 * 0.002));
}

TEST_CASE("the instruction counts when requests are split") {
  const LocalServer server([](const Asked& asked) {
    json data = json::array();
    for (std::size_t i = 0; i < json::parse(asked.body)["documents"].size(); ++i)
      data.push_back({{"index", i}, {"relevance_score", 0.5}});
    return Reply{.body = json({{"data", data}}).dump()};
  });
  HostedOptions options = at(server.url());
  options.max_tokens = 100;
  options.instruction = std::string(120, 'x');  // about 40 tokens for each document
  const Cascade cascade({{hosted_rerank("voyage", options), {.keep = 6, .limit = 6}}});
  CHECK(cascade.run("q", numbers(6)).trace.stages[0].scored == 6);
  CHECK(server.asked().size() == 3);
}

TEST_CASE("a rude server loses no candidate and learns no key") {
  const std::string long_body(std::size_t{100} << 20U, ' ');
  const std::vector<Reply> rude{
      {.status = 500, .body = "oops s3cret-key"},
      {.status = 401, .body = R"({"message":"invalid api token s3cret-key"})"},
      {.body = "{\"results\": [{\"ind"},
      {.body = R"({"results":[{"index":0,"relevance_score":1}]})"},
      {.body = R"({"results":[{"index":0,"relevance_score":NaN}]})"},
      {.body = long_body},
      {.hang_up = true},
      {.body = "{}", .promised = 5000},
      {.status = 302, .headers = "Location: http://127.0.0.1:1/steal\r\n"},
      {.status = 204}};
  for (std::size_t i = 0; i < rude.size(); ++i) {
    INFO("reply " << i);
    const LocalServer server([&](const Asked&) { return rude[i]; });
    HostedOptions options = at(server.url());
    options.backoff_ms = 1;
    const CascadeResult result = run(options, 10);
    check_all_there(result, 10);
    CHECK(result.hits[0].candidate.id == "d0");
    REQUIRE(result.trace.stages[0].skipped);
    CHECK(tamis::to_json(result.trace).find("s3cret") == std::string::npos);
    const std::string message = message_of<std::exception>(
        [&] { (void)run(options, 10, {.on_error = tamis::OnError::raise}); });
    INFO(message);
    CHECK(message.find("cohere") != std::string::npos);
    CHECK(message.find("s3cret") == std::string::npos);
  }
}

TEST_CASE("failures that will not pass are not tried again, others are") {
  for (const auto& [status, calls] : {std::pair{401, 1U}, std::pair{400, 1U}, std::pair{503, 3U}}) {
    const LocalServer server(
        [status = status](const Asked&) { return Reply{.status = status, .body = "{}"}; });
    HostedOptions options = at(server.url());
    options.backoff_ms = 1;
    (void)run(options, 5);
    CHECK(server.asked().size() == calls);
  }
}

TEST_CASE("a server that never answers costs the budget and not more") {
  const LocalServer server([](const Asked&) { return Reply{.delay = 60s}; });
  const auto start = std::chrono::steady_clock::now();
  const CascadeResult result = run(at(server.url()), 10, {.budget_ms = 200});
  const auto taken = std::chrono::steady_clock::now() - start;
  CHECK(taken >= 150ms);
  CHECK(taken < 20s);
  check_all_there(result, 10);
  CHECK(result.trace.degraded);
}

TEST_CASE("nobody listens: an error that names the address") {
  HostedOptions options = at(test::dead_url());
  options.backoff_ms = 1;
  const std::string message = message_of<std::exception>(
      [&] { (void)run(options, 5, {.on_error = tamis::OnError::raise}); });
  CHECK(message.find("127.0.0.1") != std::string::npos);
}

TEST_CASE("when one of several requests fails, the candidates before it are ranked") {
  const LocalServer server([](const Asked& asked) -> Reply {
    if (asked.body.find("\"14\"") != std::string::npos)
      return {.status = 400, .body = R"({"message":"too long"})"};
    return cohere_answer(asked);
  });
  HostedOptions options = at(server.url());
  options.max_documents = 5;
  const CascadeResult result = run(options, 20, {.keep = 20});
  check_all_there(result, 20);
  CHECK(result.trace.stages[0].scored == 10);
  CHECK(result.hits[0].candidate.id == "d9");
  CHECK(result.hits[10].candidate.id == "d10");
  REQUIRE_FALSE(result.trace.stages[0].warnings.empty());
  CHECK(result.trace.stages[0].warnings[0].find("too long") != std::string::npos);
}

TEST_CASE("a call is cancelled from another thread") {
  const LocalServer server([](const Asked&) { return Reply{.delay = 60s}; });
  const Cascade cascade({{hosted_rerank("cohere", at(server.url())), {.keep = 3, .limit = 5}}});
  tamis::CancelToken token;
  std::thread canceller([&] {
    std::this_thread::sleep_for(50ms);
    token.cancel();
  });
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(cascade.run("q", numbers(5), {.cancel = token}), tamis::Cancelled);
  CHECK(std::chrono::steady_clock::now() - start < 20s);
  canceller.join();
}

TEST_CASE("64 threads share one stage") {
  const LocalServer server(cohere_answer);
  const Cascade cascade({{hosted_rerank("cohere", at(server.url())), {.keep = 2, .limit = 8}}});
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 64; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5; ++i)
        right += cascade.run("q", numbers(8)).hits[0].candidate.id == "d7";
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 320);
  CHECK(server.connections() <= 64);
}

TEST_CASE("what cannot be used is refused when the stage is made") {
  const auto message = [](const std::string& service, HostedOptions options) {
    return message_of<std::exception>([&] { (void)hosted_rerank(service, std::move(options)); });
  };
  ::unsetenv("COHERE_API_KEY");
  CHECK(message("cohere", {}).find("COHERE_API_KEY") != std::string::npos);
  CHECK(message("tei", {}).find("base_url") != std::string::npos);
  CHECK(message("tei", {.base_url = "localhost:8080"}).find("https://") != std::string::npos);
  for (const char* url : {"http://", "http://lo cal", "http://me:word@:80", "http://host:99999",
                          "http://[::1", "https://host/v1?version=2"}) {
    const std::string told = message("tei", {.base_url = url});
    CHECK(told.find("base_url") != std::string::npos);
    CHECK(told.find("word") == std::string::npos);
  }
  CHECK(message("tei", {.base_url = "http://[::1]:8080/a/"}).empty());
  CHECK(message("cohere", {.api_key = "a\nb"}).find("line break") != std::string::npos);
  CHECK(message("cohere", {.api_key = "a", .max_documents = 0}).find("at least 1") !=
        std::string::npos);
  CHECK(message("cohere", {.api_key = "a", .http = {.ca_file = "/nowhere.pem"}})
            .find("/nowhere.pem") != std::string::npos);
  CHECK(message("cohere", {.api_key = "a", .price = tamis::Price{.per_search = -1}})
            .find("a price") != std::string::npos);
  CHECK(message("cohere", {.api_key = "a", .http = {.timeout_ms = std::nan("")}})
            .find("timeout_ms") != std::string::npos);
  for (const std::string& key :
       {std::string("a\0b", 3), std::string("a\x7f"), std::string("\ta")}) {
    CHECK(message("cohere", {.api_key = key}).find("control character") != std::string::npos);
  }
  for (const double backoff : {-1.0, std::nan(""), HUGE_VAL}) {
    CHECK(message("cohere", {.api_key = "a", .backoff_ms = backoff}).find("backoff_ms") !=
          std::string::npos);
  }
  ::setenv("COHERE_API_KEY", "from-the-environment", 1);
  CHECK(message("cohere", {}).empty());
  ::unsetenv("COHERE_API_KEY");
}

TEST_CASE("an option that a service has no field for is refused, with the services that have one") {
  const auto message = [](const std::string& service, HostedOptions options) {
    options.api_key.emplace("a");
    options.base_url = "http://localhost";
    return message_of<tamis::InvalidArgument>(
        [&] { (void)hosted_rerank(service, std::move(options)); });
  };
  for (const char* const service : {"cohere", "voyage", "jina", "mixedbread", "tei"}) {
    const std::string name(service);
    INFO(name);
    const std::string instruction = message(name, {.instruction = "Prefer law."});
    CHECK(instruction ==
          (name == "voyage" ? "" : name + " has no instruction: leave it out, or ask voyage"));
    const std::string tokens = message(name, {.max_tokens_per_document = 5});
    CHECK(tokens == (name == "cohere"
                         ? ""
                         : name + " has no max_tokens_per_document: leave it out, or ask cohere"));
    const std::string truncate = message(name, {.truncate = false});
    CHECK(truncate == (name == "voyage" || name == "jina" || name == "tei"
                           ? ""
                           : name + " has no truncate: leave it out, or ask voyage, jina, tei"));
  }
}
