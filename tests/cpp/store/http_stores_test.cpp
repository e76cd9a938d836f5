// OpenSearch, Elasticsearch and Qdrant: their documented answers, by a local server.
#include <cstdlib>

#include <nlohmann/json.hpp>

#include <tamis/store/qdrant.hpp>
#include <tamis/store/search_engine.hpp>

#include "remote/local_server.hpp"
#include "store/hostile_queries.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using nlohmann::json;
using tamis::Deadline;
using tamis::QdrantOptions;
using tamis::SearchEngineOptions;
using tamis::Store;
using tamis::StoreHit;
using test::Asked;
using test::LocalServer;
using test::Reply;

namespace {

Deadline never() { return Deadline(std::make_shared<tamis::SteadyClock>()); }

std::vector<float> embed(std::string_view) { return {0.5F, 0.25F}; }

std::vector<std::string> ids(const std::vector<StoreHit>& hits) {
  std::vector<std::string> found;
  for (const StoreHit& hit : hits) found.push_back(hit.id);
  return found;
}

using Ids = std::vector<std::string>;

constexpr const char* kFound = R"({"took": 3, "timed_out": false,
  "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
  "hits": {"total": {"value": 2, "relation": "eq"}, "max_score": 1.5, "hits": [
    {"_index": "docs", "_id": "a", "_score": 1.5, "_source": {"text": "Berlin", "meta": {"key": 7}}},
    {"_index": "docs", "_id": "b", "_score": 0.5, "_source": {}}]}})";
constexpr const char* kNeighbours = R"({"hits": {"hits": [
    {"_id": "c", "_score": 0.9, "_source": {"text": "Paris"}},
    {"_id": "a", "_score": 0.8, "_source": {"text": "Berlin"}}]}})";

Reply engine(const Asked& asked) {
  return {.body = contains(asked.body, "knn") ? kNeighbours : kFound};
}

constexpr const char* kPoints = R"({"result": {"points": [
    {"id": 17, "version": 3, "score": 0.9, "payload": {"text": "Berlin", "key": "k17"}},
    {"id": "5c56c793-69f3-4fbf-87e6-c4bf54c28c26", "version": 1, "score": 0.5, "payload": null}]},
  "status": "ok", "time": 0.001})";

}  // namespace

TEST_CASE("OpenSearch is asked by match") {
  const LocalServer server(engine);
  const Store store = tamis::stores::opensearch({.base_url = server.url(), .index = "my docs/x"});
  const auto hits = store.search("who \"is\" there?", 7, never());
  REQUIRE(ids(hits) == Ids{"a", "b"});
  CHECK(hits[0].text == "Berlin");
  CHECK(hits[0].score == 1.5F);
  CHECK(hits[1].text.empty());
  const auto asked = server.asked();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].head.starts_with(
      "POST /my%20docs%2Fx/_search?allow_partial_search_results=false HTTP"));
  CHECK(json::parse(asked[0].body) == json::parse(R"({"size": 7, "_source": ["text"],
                        "query": {"match": {"text": {"query": "who \"is\" there?"}}}})"));
}

TEST_CASE("both engines are asked for neighbours, each in its own way") {
  const LocalServer server(engine);
  SearchEngineOptions options{.base_url = server.url(),
                              .index = "docs",
                              .vector = "embedding",
                              .search = {.embed = embed, .fusion = tamis::StoreFusion::dense}};
  CHECK(ids(tamis::stores::opensearch(options).search("q", 7, never())) == Ids{"c", "a"});
  CHECK(ids(tamis::stores::elasticsearch(options).search("q", 70, never())) == Ids{"c", "a"});
  options.search.fusion = tamis::StoreFusion::rrf;
  CHECK(ids(tamis::stores::opensearch(options).search("q", 7, never())) == Ids{"a", "c", "b"});
  const auto asked = server.asked();
  REQUIRE(asked.size() == 4);
  CHECK(json::parse(asked[0].body) == json::parse(R"({"size": 7, "_source": ["text"],
    "query": {"knn": {"embedding": {"vector": [0.5, 0.25], "k": 7}}}})"));
  CHECK(json::parse(asked[1].body) == json::parse(R"({"size": 70, "_source": ["text"],
    "knn": {"field": "embedding", "query_vector": [0.5, 0.25], "k": 70, "num_candidates": 140}})"));
}

TEST_CASE("ids and texts are found in fields, nested ones too") {
  const LocalServer server([](const Asked&) {
    return Reply{.body = R"({"hits": {"hits": [
         {"_id": "x", "_score": 1, "_source": {"meta": {"key": 7}, "doc": {"body": "Berlin"}}}]}})"};
  });
  const auto hits =
      tamis::stores::opensearch(
          {.base_url = server.url(), .index = "docs", .id = "meta.key", .text = "doc.body"})
          .search("q", 5, never());
  REQUIRE(hits.size() == 1);
  CHECK(hits[0].id == "7");
  CHECK(hits[0].text == "Berlin");
}

TEST_CASE("keys and passwords go to the server and nowhere else") {
  const LocalServer server([](const Asked& asked) {
    return Reply{.status = 403, .body = json({{"error", {{"reason", asked.head}}}}).dump()};
  });
  const auto told = [](const Store& store) {
    const std::string error =
        message_of<tamis::RemoteError>([&] { (void)store.search("q", 5, never()); });
    CHECK(contains(error, "403"));
    return error + store.name();
  };
  std::string url = server.url();
  CHECK_FALSE(contains(told(tamis::stores::elasticsearch(
                           {.base_url = url, .index = "docs", .api_key = "s3cret-key"})),
                       "s3cret"));
  CHECK_FALSE(contains(
      told(tamis::stores::opensearch({.base_url = url, .index = "docs", .api_key = "s3cret-key"})),
      "s3cret"));
  CHECK_FALSE(contains(told(tamis::stores::qdrant({.base_url = url,
                                                   .collection = "docs",
                                                   .api_key = "s3cret-key",
                                                   .search = {.embed = embed}})),
                       "s3cret"));
  url.insert(url.find("//") + 2, "me:s3cret-word@");
  CHECK_FALSE(
      contains(told(tamis::stores::opensearch({.base_url = url, .index = "docs"})), "s3cret"));
  const auto asked = server.asked();
  REQUIRE(asked.size() == 4);
  CHECK(contains(asked[0].head, "Authorization: ApiKey s3cret-key"));
  CHECK(contains(asked[1].head, "Authorization: Bearer s3cret-key"));
  CHECK(contains(asked[2].head, "api-key: s3cret-key"));
  CHECK(contains(asked[3].head, "Authorization: Basic bWU6czNjcmV0LXdvcmQ="));
  CHECK_FALSE(contains(message_of<tamis::InvalidArgument>([] {
                         (void)tamis::stores::opensearch(
                             {.base_url = "ftp://me:s3cret-word@host", .index = "docs"});
                       }),
                       "s3cret"));
}

TEST_CASE("Qdrant is asked for the nearest points, and for words where it has them") {
  const LocalServer server([](const Asked&) { return Reply{.body = kPoints}; });
  QdrantOptions options{.base_url = server.url(), .collection = "docs", .search = {.embed = embed}};
  const auto hits = tamis::stores::qdrant(options).search("q", 7, never());
  REQUIRE(ids(hits) == Ids{"17", "5c56c793-69f3-4fbf-87e6-c4bf54c28c26"});
  CHECK(hits[0].text == "Berlin");
  CHECK(hits[0].scores == std::map<std::string, float>{{"dense", 0.9F}});
  options.id = "key";
  options.vector = "mini lm";
  options.sparse = "bm25";
  CHECK(tamis::stores::qdrant(options).search("q", 7, never())[0].id == "k17");
  const auto asked = server.asked();
  REQUIRE(asked.size() == 3);
  CHECK(asked[0].head.starts_with("POST /collections/docs/points/query HTTP"));
  CHECK(json::parse(asked[0].body) ==
        json::parse(R"({"query": [0.5, 0.25], "limit": 7, "with_payload": ["text"]})"));
  for (std::size_t i = 1; i < 3; ++i) {
    const json body = json::parse(asked[i].body);
    const bool words = body["query"].is_object();
    CHECK(body == (words ? json::parse(R"({"query": {"text": "q", "model": "qdrant/bm25"},
        "using": "bm25", "limit": 100, "with_payload": ["text", "key"]})")
                         : json::parse(R"({"query": [0.5, 0.25], "using": "mini lm",
        "limit": 100, "with_payload": ["text", "key"]})")));
  }
}

TEST_CASE("servers that are rude, slow or dead") {
  const LocalServer server([](const Asked& asked) -> Reply {
    const std::string body = asked.head.substr(6, asked.head.find("/_search") - 6);
    if (body == "silent") return {.delay = std::chrono::seconds(60)};
    if (body == "hangs-up") return {.hang_up = true};
    if (body == "busy") return {.status = 429, .body = "slow down"};
    if (body == "absent") {
      return {
          .status = 404,
          .body =
              R"({"error": {"type": "index_not_found_exception", "reason": "no such index [absent]"}})"};
    }
    if (body == "elsewhere")
      return {.status = 302, .headers = "Location: http://other.example/\r\n"};
    if (body == "prose") return {.body = "Hello!"};
    if (body == "no-hits") return {.body = "{}"};
    if (body == "odd-hits") return {.body = R"({"hits": {"hits": [7, {"_id": 1}]}})"};
    return {.body = R"({"hits": {"hits": [{"_id": "a", "_score": null}]}})"};
  });
  const auto told = [&](const char* index, const std::string& url) {
    const Store store =
        tamis::stores::opensearch({.base_url = url, .index = index, .backoff_ms = 1});
    return message_of<tamis::RemoteError>(
        [&] { (void)store.search("q", 5, never().within(tamis::from_milliseconds(300))); });
  };
  CHECK(contains(told("silent", server.url()), "deadline"));
  CHECK(contains(told("busy", server.url()), "slow down"));
  CHECK(contains(told("absent", server.url()), "no such index"));
  CHECK(contains(told("elsewhere", server.url()), "other.example"));
  for (const char* index : {"hangs-up", "prose", "no-hits", "odd-hits", "null-score"}) {
    CHECK_FALSE(told(index, server.url()).empty());
  }
  CHECK_FALSE(told("docs", test::dead_url()).empty());
}

TEST_CASE("any text is a query of a search engine, and not too long a one") {
  const LocalServer server(engine);
  const Store store = tamis::stores::opensearch({.base_url = server.url(), .index = "docs"});
  for (const std::string& query : test::hostile_queries()) {
    CHECK(ids(store.search(query, 5, never())) == Ids{"a", "b"});
  }
  for (const Asked& asked : server.asked()) {
    const json body = json::parse(asked.body);
    CHECK(body["query"]["match"]["text"]["query"].get<std::string>().size() <= 2000);
  }
}

TEST_CASE("options that no server could serve are refused") {
  const SearchEngineOptions good{.base_url = "http://host", .index = "docs"};
  for (auto change :
       {+[](SearchEngineOptions& o) { o.base_url = "host"; },
        +[](SearchEngineOptions& o) { o.index = ""; }, +[](SearchEngineOptions& o) { o.text = ""; },
        +[](SearchEngineOptions& o) { o.search.embed = embed; },
        +[](SearchEngineOptions& o) { o.api_key = "a\r\nHost: b"; }}) {
    SearchEngineOptions bad = good;
    change(bad);
    CHECK_THROWS_AS(tamis::stores::elasticsearch(bad), tamis::InvalidArgument);
  }
  const QdrantOptions fine{
      .base_url = "http://host", .collection = "docs", .search = {.embed = embed}};
  for (auto change : {+[](QdrantOptions& o) { o.collection = ""; },
                      +[](QdrantOptions& o) { o.search.embed = nullptr; },
                      +[](QdrantOptions& o) { o.search.fusion = tamis::StoreFusion::unite; }}) {
    QdrantOptions bad = fine;
    change(bad);
    CHECK_THROWS_AS(tamis::stores::qdrant(bad), tamis::InvalidArgument);
  }
}
