// A real database file.
#include <cstdlib>
#include <memory>
#include <thread>

#include <tamis/cascade/clock.hpp>
#include <tamis/store/sqlite.hpp>

#include "store/hostile_queries.hpp"
#include "store/sqlite_docs.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::Deadline;
using tamis::SqliteOptions;
using tamis::Store;
using tamis::StoreHit;
using tamis::stores::sqlite;
using test::Docs;
using test::Writer;

namespace {

Deadline never() { return Deadline(std::make_shared<tamis::SteadyClock>()); }

std::vector<std::string> ids(const std::vector<StoreHit>& hits) {
  std::vector<std::string> found;
  for (const StoreHit& hit : hits) found.push_back(hit.id);
  return found;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("SQLite finds passages with any word, best first") {
  const Docs docs;
  const Store store = sqlite(docs.options());
  const auto hits = store.search("which cities, if not Paris?", 10, never());
  REQUIRE(ids(hits) == Ids{"d2", "d1"});
  CHECK(hits[0].text == "Paris is the city of cities");
  CHECK(hits[0].score > hits[1].score);
  CHECK(hits[0].scores.at("text") == hits[0].score);
  CHECK(ids(store.search("city", 1, never())).size() == 1);
  CHECK(store.search("nowhere", 10, never()).empty());
  CHECK(ids(sqlite({.path = docs.path, .table = "docs"}).search("bananas", 1, never())) ==
        Ids{"3"});
}

TEST_CASE("SQLite takes any text as a query") {
  const Docs docs;
  const Store store = sqlite(docs.options());
  for (const std::string& query : test::hostile_queries()) {
    INFO(query.substr(0, 100));
    CHECK(ids(store.search(query, 10, never())) == Ids{"d1"});
  }
  for (const std::string& query : test::wordless_queries()) {
    CHECK(store.search(query, 10, never()).empty());
  }
}

TEST_CASE("SQLite's names are quoted") {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "a.db").string();
  Writer(path).run(R"(CREATE VIRTUAL TABLE "we""ird; DROP TABLE x" USING fts5("te xt", "select");)"
                   R"(INSERT INTO "we""ird; DROP TABLE x" VALUES ('berlin', 'the id');)");
  const Store store =
      sqlite({.path = path, .table = "we\"ird; DROP TABLE x", .id = "select", .text = "te xt"});
  CHECK(ids(store.search("berlin", 10, never())) == Ids{"the id"});
}

TEST_CASE("what SQLite has not is told when the store is made") {
  const Docs docs;
  const auto told = [](const SqliteOptions& options) {
    return message_of<tamis::RetrievalError>([&] { (void)sqlite(options); });
  };
  CHECK(contains(told({.path = "/nowhere/docs.db", .table = "docs"}), "/nowhere/docs.db"));
  CHECK(contains(told({.path = docs.path, .table = "dogs"}), "dogs"));
  CHECK(contains(told({.path = docs.path, .table = "docs", .id = "key"}), "key"));
  CHECK(contains(told({.path = docs.path, .table = "docs", .extension = "/nowhere/vec0"}), "vec0"));
  const auto damaged = docs.folder.write("damaged.db", std::string(8192, 'x')).string();
  CHECK(contains(told({.path = damaged, .table = "docs"}), "not a database"));
  CHECK_THROWS_AS(sqlite({.path = docs.path, .table = ""}), tamis::InvalidArgument);
  SqliteOptions options = docs.options();
  options.search.embed = [](std::string_view) { return std::vector<float>{1}; };
  CHECK_THROWS_AS(sqlite(options), tamis::InvalidArgument);
}

TEST_CASE("SQLite's file is never written") {
  const Docs docs;
  const auto before = std::filesystem::last_write_time(docs.path);
  std::filesystem::permissions(docs.path, std::filesystem::perms::owner_read);
  CHECK(ids(sqlite(docs.options()).search("berlin", 10, never())) == Ids{"d1"});
  CHECK(std::filesystem::last_write_time(docs.path) == before);
}

TEST_CASE("a statement of SQLite is interrupted at the deadline, and the store goes on") {
  const Docs docs;
  docs.fill();
  const auto clock = std::make_shared<tamis::ManualClock>();
  SqliteOptions options = docs.options();
  options.connection.on_wait = [&] { clock->advance(tamis::from_milliseconds(25)); };
  const Store store = sqlite(options);
  const Deadline deadline = Deadline(clock).within(tamis::from_milliseconds(100));
  CHECK(contains(
      message_of<tamis::RetrievalError>([&] { (void)store.search("berlin", 10, deadline); }),
      "deadline"));
  CHECK(store.search("paris", 10, Deadline(clock)).size() == 1);
}

TEST_CASE("a statement of SQLite is interrupted when it is cancelled") {
  const Docs docs;
  docs.fill();
  const auto clock = std::make_shared<tamis::ManualClock>();
  tamis::CancelToken cancel;
  int calls = 0;
  SqliteOptions options = docs.options();
  options.connection.on_wait = [&] {
    clock->advance(tamis::from_milliseconds(25));
    if (++calls == 3) std::thread([cancel]() mutable { cancel.cancel(); }).join();
  };
  CHECK_THROWS_AS(sqlite(options).search("berlin", 10, Deadline(clock), cancel), tamis::Cancelled);
  CHECK(calls == 3);
}

TEST_CASE("what on_wait throws comes out") {
  const Docs docs;
  SqliteOptions options = docs.options();
  options.connection.on_wait = [] { throw std::domain_error("control-C"); };
  CHECK_THROWS_AS(sqlite(options).search("berlin", 10, never()), std::domain_error);
}

TEST_CASE("a file that another process holds is waited for until the deadline") {
  const Docs docs;
  const Store store = sqlite(docs.options());
  const Writer other(docs.path);
  other.run("BEGIN EXCLUSIVE");
  for (const char* connection : {"the one that is open", "a new one"}) {
    INFO(connection);
    const Deadline deadline = never().within(tamis::from_milliseconds(30));
    CHECK(contains(
        message_of<tamis::RetrievalError>([&] { (void)store.search("berlin", 10, deadline); }),
        "deadline"));
  }
  other.run("COMMIT");
  CHECK(ids(store.search("berlin", 10, never())) == Ids{"d1"});
}

TEST_CASE("64 threads share a store of SQLite and its few connections") {
  const Docs docs;
  SqliteOptions options = docs.options();
  options.connection.most = 3;
  const Store store = sqlite(options);
  std::vector<Ids> found(64);
  std::vector<std::thread> threads;
  threads.reserve(found.size());
  for (Ids& own : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) own = ids(store.search("cities Paris", 10, never()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& own : found) CHECK(own == Ids{"d2", "d1"});
}

TEST_CASE("sqlite-vec finds the nearest vectors, and both halves are fused") {
  const char* const extension = std::getenv("TAMIS_TEST_SQLITE_VEC");
  if (extension == nullptr) {
    WARN("sqlite-vec is not installed");
    return;
  }
  const Docs docs;
  const Writer writer(docs.path);
  writer.load(extension);
  writer.run(
      "CREATE VIRTUAL TABLE vec USING vec0(embedding float[2] distance_metric=cosine);"
      "INSERT INTO vec(rowid, embedding) VALUES (1, '[1,0]'), (2, '[0.8,0.6]'), (3, '[0,1]')");
  SqliteOptions options = docs.options();
  options.vectors = "vec";
  options.extension = extension;
  options.search = {.embed =
                        [](std::string_view) {
                          return std::vector<float>{0, 1};
                        },
                    .fusion = tamis::StoreFusion::dense};
  const auto hits = sqlite(options).search("anything", 2, never());
  REQUIRE(ids(hits) == Ids{"d3", "d2"});
  CHECK(hits[1].score == Approx(-0.4));
  options.search.fusion = tamis::StoreFusion::rrf;
  CHECK(ids(sqlite(options).search("paris", 3, never())) == Ids{"d2", "d3", "d1"});
  writer.run("UPDATE vec SET embedding = '[0,0]' WHERE rowid = 2");  // which has no cosine
  CHECK(contains(
      message_of<tamis::RetrievalError>([&] { (void)sqlite(options).search("paris", 3, never()); }),
      "the score of 'd2' is not finite"));
  options.search.embed = [](std::string_view) { return std::vector<float>{0, 1, 2}; };
  CHECK(contains(
      message_of<tamis::RetrievalError>([&] { (void)sqlite(options).search("paris", 3, never()); }),
      "imension"));
}
