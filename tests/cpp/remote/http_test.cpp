// Many requests of one call: read as they come, nothing after the deadline.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include <tamis/remote/http.hpp>
#include <tamis/remote/rerank_api.hpp>

#include "remote/access.hpp"
#include "remote/local_server.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::chrono_literals;
using tamis::Deadline;
using tamis::HttpRequest;
using tamis::HttpResponse;
using tamis::HttpResult;
using test::Asked;
using test::LocalServer;
using test::Reply;

namespace {

std::shared_ptr<tamis::ManualClock> manual_clock() {
  return std::make_shared<tamis::ManualClock>();
}

constexpr std::optional<double> kSettled = std::nullopt;

Deadline passed() { return Deadline(manual_clock()).within(0ns); }

}  // namespace

TEST_CASE("an answer is handed over while others are waited for") {
  std::atomic<bool> taken{false};
  const LocalServer server([&](const Asked& asked) -> Reply {
    while (asked.body == "slow" && !taken) std::this_thread::sleep_for(1ms);
    return {.body = asked.body};
  });
  const std::vector<HttpRequest> requests{{.url = server.url(), .body = "slow"},
                                          {.url = server.url(), .body = "fast"}};
  std::vector<std::string> bodies(2);
  const Deadline deadline(std::make_shared<tamis::SteadyClock>());
  tamis::HttpClient().post_all(
      2, [&](std::size_t index) { return requests[index]; },
      [&](std::size_t index, const HttpResult& result) {
        bodies[index] = std::get<HttpResponse>(result).body;
        taken = true;
        return kSettled;
      },
      deadline, {});
  CHECK(bodies == std::vector<std::string>{"slow", "fast"});
}

TEST_CASE("after the deadline nothing is made and nothing sent") {
  const LocalServer server([](const Asked&) { return Reply{}; });
  std::vector<std::string> errors(3);
  bool made = false;
  tamis::HttpClient().post_all(
      3,
      [&](std::size_t) {
        made = true;
        return HttpRequest{.url = server.url(), .body = "{}"};
      },
      [&](std::size_t index, const HttpResult& result) {
        errors[index] = std::get<tamis::RemoteError>(result).what();
        return kSettled;
      },
      passed(), {});
  CHECK(errors == std::vector<std::string>(3, "the deadline came before an answer"));
  CHECK_FALSE(made);
  CHECK(server.connections() == 0);
}

TEST_CASE("a request is made when its turn comes; one that cannot be is its own result") {
  const LocalServer server([](const Asked& asked) { return Reply{.body = asked.body}; });
  std::vector<std::string> story;
  tamis::HttpClient({.connections = 1})
      .post_all(
          3,
          [&](std::size_t index) {
            story.push_back(fmt::format("make {}", index));
            if (index == 1) throw tamis::RemoteError("no text", 0, false);
            return HttpRequest{.url = server.url(), .body = std::to_string(index)};
          },
          [&](std::size_t index, const HttpResult& result) {
            const auto* const response = std::get_if<HttpResponse>(&result);
            story.push_back(fmt::format("take {}: {}", index,
                                        response != nullptr
                                            ? response->body
                                            : std::get<tamis::RemoteError>(result).what()));
            return kSettled;
          },
          Deadline(std::make_shared<tamis::SteadyClock>()), {});
  CHECK(story == std::vector<std::string>{"make 0", "take 0: 0", "make 1", "take 1: no text",
                                          "make 2", "take 2: 2"});
}

TEST_CASE("a waiting thread is not held up by on_wait when the deadline is near") {
  const LocalServer server([](const Asked&) { return Reply{.delay = 10s}; });
  const auto calls_within = [&](std::chrono::milliseconds budget) {
    int calls = 0;
    const tamis::HttpClient client({.on_wait = [&] { ++calls; }});
    client.post_all(
        1, [&](std::size_t) { return HttpRequest{.url = server.url(), .body = "{}"}; },
        [](std::size_t, const HttpResult&) { return kSettled; },
        Deadline(std::make_shared<tamis::SteadyClock>()).within(budget), {});
    return calls;
  };
  CHECK(calls_within(15ms) == 0);
  CHECK(calls_within(200ms) > 0);
}

TEST_CASE("an answer is read inside the deadline") {
  const std::string body = R"([{"index": 0, "score": 1.0}])";
  const Deadline over = passed();
  const Deadline left = Deadline(manual_clock()).within(1ms);
  tamis::RerankBill bill;
  const auto read_as_scores = [&](const std::string& text, const Deadline& deadline) {
    (void)tamis::parse_rerank_answer(tamis::RerankDialect::tei, text, 1, bill, &deadline);
  };
  const auto read = [&](const Deadline& deadline) {
    return message_of<tamis::RemoteError>([&] { read_as_scores(body, deadline); });
  };
  CHECK(read(left).empty());
  CHECK(read(over) == "the deadline came before the answer was read");
  const std::string text = '"' + std::string(std::size_t{1} << 20U, 'x') + '"';
  for (const Deadline& deadline : {over, left}) {  // a millisecond is too short for a mebibyte
    CHECK_THROWS_WITH(read_as_scores(text, deadline),
                      "the deadline came before the answer was read");
  }
}

TEST_CASE("requests are sent again one by one, while others are waited for") {
  std::atomic<int> asked_again{0};
  const LocalServer server([&](const Asked& asked) -> Reply {
    while (asked.body == "0" && asked_again < 2) std::this_thread::sleep_for(1ms);
    return {.body = asked.body};
  });
  std::vector<int> taken(3);
  tamis::HttpClient().post_all(
      3,
      [&](std::size_t index) {
        return HttpRequest{server.url(), {}, std::to_string(index)};
      },
      [&](std::size_t index, const HttpResult& result) -> std::optional<double> {
        REQUIRE(std::get<HttpResponse>(result).body == std::to_string(index));
        ++taken[index];
        if (index == 0 || taken[index] == 2) return std::nullopt;
        ++asked_again;
        return 1.0;
      },
      Deadline(std::make_shared<tamis::SteadyClock>()), {});
  CHECK(taken == std::vector<int>{1, 2, 2});
}

TEST_CASE("one request may take timeout_ms, whatever the others do") {
  const LocalServer server([&](const Asked& asked) -> Reply {
    return {.body = asked.body, .delay = asked.body == "0" ? 10s : 40ms};
  });
  std::vector<std::string> told(8);
  tamis::HttpClient({.connections = 2, .timeout_ms = 100})
      .post_all(
          8,
          [&](std::size_t index) {
            return HttpRequest{server.url(), {}, std::to_string(index)};
          },
          [&](std::size_t index, const HttpResult& result) {
            const auto* const error = std::get_if<tamis::RemoteError>(&result);
            told[index] = error != nullptr ? error->what() : "answered";
            return kSettled;
          },
          Deadline(std::make_shared<tamis::SteadyClock>()), {});
  CHECK(told[0].find("timed out after 10") != std::string::npos);
  for (std::size_t i = 1; i < 8; ++i) CHECK(told[i] == "answered");
}

TEST_CASE("a secret is none in any form that services write it in") {
  const std::string key = "s3 c/r<e\"t";
  const auto masked = [&](std::string text) {
    return tamis::remote::without_secrets(std::move(text), tamis::remote::secrets_of(key, {}));
  };
  for (const std::string& form :
       {key, std::string("s3%20c%2Fr%3Ce%22t"), std::string("s3 c/r&lt;e&quot;t"),
        std::string("s3 c/r<e\\\"t"), std::string("\\u00733 c\\u002fr<e\"t"),
        std::string("\\\\u00733 c\\\\\\u002fr<e\"t")}) {
    CHECK(masked("a " + form + " b") == "a *** b");
  }
  CHECK(masked(std::string("s\0003\000 c/r<e\"t", 13)) == "***");
  CHECK(tamis::remote::without_secrets("\\u0041 \\u00e9", {}) == "\\u0041 \\u00e9");
}

TEST_CASE("what of an address is secret") {
  using tamis::remote::secrets_of;
  CHECK(secrets_of("", {"http://host/path", ""}).empty());
  const auto is_secret = [&](const char* text, const char* url) {
    const auto found = secrets_of("", {url});
    return std::find(found.begin(), found.end(), text) != found.end();
  };
  CHECK(is_secret("word", "me:word@proxy:3128"));
  CHECK(is_secret("word", "socks5h://me:word@proxy:3128"));
  ::setenv("https_proxy", "http://me:word@proxy:3128", 1);
  CHECK(is_secret("word", ""));
  ::unsetenv("https_proxy");
  CHECK(secrets_of("key", {"http://user@host"}) == std::vector<std::string>{"key"});
  // RFC 7617's own example, and a password that is not as it stands in the URL.
  const char* const url = "https://Aladdin:open%20sesame@host:9200";
  CHECK(is_secret("QWxhZGRpbjpvcGVuIHNlc2FtZQ==", url));
  CHECK(is_secret("open sesame", url));
  CHECK(is_secret("open%20sesame", url));
  const std::vector<std::string> two{"ab", "c"};
  CHECK(tamis::remote::without_secrets("abxabcab", two) == "***x******" + std::string("***"));
  CHECK(tamis::remote::without_user("https://me:secret@host:9200/v1") == "https://host:9200/v1");
  CHECK(tamis::remote::without_user("http://host/a@b") == "http://host/a@b");
}
