// A real server: tests/python/stores/postgres_server.py starts it and runs this program.
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tamis/store/postgres.hpp>

#include "store/hostile_queries.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using namespace std::chrono_literals;
using tamis::Deadline;
using tamis::PostgresOptions;
using tamis::Store;
using tamis::StoreHit;
using tamis::stores::postgres;

namespace {

Deadline never() { return Deadline(std::make_shared<tamis::SteadyClock>()); }
Deadline in_ms(double ms) { return never().within(tamis::from_milliseconds(ms)); }

/// The first value of the result, of a connection of the test's own.
std::string run(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()), PQfinish);
  PQsetNoticeReceiver(
      connection.get(), [](void*, const PGresult*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             PQclear);
  INFO(PQerrorMessage(connection.get()));
  const ExecStatusType status = PQresultStatus(result.get());
  REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

/// A schema of one test, which is gone at its end.
class Docs {
 public:
  explicit Docs(std::string name) : name_(std::move(name)) {
    run(url(), fmt::format("DROP SCHEMA IF EXISTS {0} CASCADE; CREATE SCHEMA {0};"
                           "CREATE TABLE {0}.docs (id bigint, text text, words tsvector GENERATED "
                           "ALWAYS AS (to_tsvector('english', text)) STORED);"
                           "INSERT INTO {0}.docs VALUES (1, 'Berlin is a city'), (2, 'Paris is a "
                           "city of cities'), (3, 'bananas are yellow'), (4, NULL);",
                           name_));
  }
  Docs(const Docs&) = delete;
  Docs& operator=(const Docs&) = delete;
  ~Docs() { run(url(), fmt::format("DROP SCHEMA {} CASCADE", name_)); }

  static std::string url() { return std::getenv("TAMIS_TEST_POSTGRES"); }

  [[nodiscard]] PostgresOptions options() const {
    return {.url = url() + "&application_name=" + name_,
            .schema = name_,
            .table = "docs",
            .tsvector = "words"};
  }
  /// Connections of the test's stores.
  [[nodiscard]] std::string open(const char* state = "%") const {
    return run(url(), fmt::format("SELECT count(*) FROM pg_stat_activity WHERE application_name = "
                                  "'{}' AND state LIKE '{}'",
                                  name_, state));
  }
  /// A view whose rows come after ten minutes.
  void add_slow_view() const {
    run(url(), fmt::format("CREATE VIEW {0}.slow AS SELECT d.* FROM {0}.docs AS d, "
                           "pg_sleep(600)",
                           name_));
  }

 private:
  std::string name_;
};

bool there_is_none() {
  if (std::getenv("TAMIS_TEST_POSTGRES") != nullptr) return false;
  WARN("no PostgreSQL is installed, or postgres_server.py did not start this program");
  return true;
}

std::vector<std::string> ids(const std::vector<StoreHit>& hits) {
  std::vector<std::string> found;
  for (const StoreHit& hit : hits) found.push_back(hit.id);
  return found;
}

using Ids = std::vector<std::string>;

/// Whether it becomes true within some seconds.
template <typename Condition>
bool soon(const Condition& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return false;
}

}  // namespace

TEST_CASE("PostgreSQL finds passages with any word, best first") {
  if (there_is_none()) return;
  const Docs docs("words");
  const Store store = postgres(docs.options());
  const auto hits = store.search("which cities, if not Paris?", 10, never());
  REQUIRE(ids(hits) == Ids{"2", "1"});
  CHECK(hits[0].text == "Paris is a city of cities");
  CHECK(hits[0].score > hits[1].score);
  CHECK(ids(store.search("city", 1, never())).size() == 1);
  CHECK(store.search("nowhere", 10, never()).empty());
  CHECK(store.search("the of", 10, never()).empty());
  PostgresOptions computed = docs.options();
  computed.tsvector = "";
  CHECK(ids(postgres(computed).search("cities Paris", 10, never())) == Ids{"2", "1"});
  computed.language = "simple";
  CHECK(ids(postgres(computed).search("cities Berlin", 10, never())) == Ids{"1", "2"});
  computed.rank = tamis::TextRank::ts_rank_cd;
  computed.normalization = 2;
  CHECK(ids(postgres(computed).search("cities Berlin", 10, never())) == Ids{"1", "2"});
  PostgresOptions operators = docs.options();
  operators.operators = true;
  CHECK(ids(postgres(operators).search("city -berlin", 10, never())) == Ids{"2"});
}

TEST_CASE("PostgreSQL takes any text as a query") {
  if (there_is_none()) return;
  const Docs docs("hostile");
  for (const bool operators : {false, true}) {
    PostgresOptions options = docs.options();
    options.operators = operators;
    const Store store = postgres(options);
    for (const std::string& query : test::hostile_queries()) {
      INFO(query.substr(0, 100));
      const auto hits = store.search(query, 10, never());
      if (!operators) CHECK(ids(hits) == Ids{"1"});
    }
    for (const std::string& query : test::wordless_queries()) {
      CHECK(store.search(query, 10, never()).empty());
    }
  }
  CHECK(run(Docs::url(), "SELECT count(*) FROM hostile.docs") == "4");
}

TEST_CASE("PostgreSQL's names are quoted") {
  if (there_is_none()) return;
  const Docs docs("quoting");
  run(Docs::url(), R"(CREATE TABLE quoting."we""ird; DROP TABLE x" ("te xt" text, "asked" text);)"
                   R"(INSERT INTO quoting."we""ird; DROP TABLE x" VALUES ('berlin', 'the id'))");
  const Store store = postgres({.url = Docs::url(),
                                .schema = "quoting",
                                .table = "we\"ird; DROP TABLE x",
                                .id = "asked",
                                .text = "te xt"});
  CHECK(ids(store.search("berlin", 10, never())) == Ids{"the id"});
}

TEST_CASE("what PostgreSQL has not is told in its words, and the store goes on") {
  if (there_is_none()) return;
  const Docs docs("absent");
  PostgresOptions options = docs.options();
  options.table = "dogs";
  CHECK(contains(message_of<tamis::RetrievalError>(
                     [&] { (void)postgres(options).search("berlin", 10, never()); }),
                 "dogs"));
  options = docs.options();
  options.language = "klingon";
  CHECK(contains(message_of<tamis::RetrievalError>(
                     [&] { (void)postgres(options).search("berlin", 10, never()); }),
                 "klingon"));
}

TEST_CASE("options that PostgreSQL cannot have are refused, and no password is told") {
  const std::string secret = "s3cret-word";
  for (const std::string& url :
       {"postgresql://me:" + secret + "@[host/x", "host=a " + secret, "passwort=" + secret,
        "postgresql://me:" + secret + "@host/x?nonsense=" + secret}) {
    const std::string told =
        message_of<tamis::InvalidArgument>([&] { (void)postgres({.url = url, .table = "docs"}); });
    CHECK(contains(told, "postgresql://"));
    CHECK_FALSE(contains(told, secret));
  }
  for (const PostgresOptions& options :
       {PostgresOptions{.table = ""}, PostgresOptions{.table = "a", .id = ""},
        PostgresOptions{.table = "a", .language = "a'b"},
        PostgresOptions{.table = "a",
        .search = {.embed = [](std::string_view) { return std::vector<float>{1}; }}}}) {
    CHECK_THROWS_AS(postgres(options), tamis::InvalidArgument);
  }
}

TEST_CASE("a server that is not there is told, without the password") {
  for (const char* host : {"127.0.0.1", "/nowhere"}) {
    const Store store =
        postgres({.url = fmt::format("postgresql://me:s3cret-word@/x?port=1&host={}", host),
                  .table = "docs"});
    const std::string told =
        message_of<tamis::RetrievalError>([&] { (void)store.search("berlin", 10, never()); });
    CHECK(contains(told, host));
    CHECK_FALSE(contains(told, "s3cret-word"));
    CHECK_FALSE(contains(store.name(), "s3cret-word"));
  }
}

TEST_CASE("a server that takes the call and says nothing is left at the deadline") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener, plain, size) == 0);
  REQUIRE(::listen(listener, 8) == 0);
  REQUIRE(::getsockname(listener, plain, &size) == 0);
  PostgresOptions options{
      .url = fmt::format("postgresql://me@127.0.0.1:{}/x", ntohs(address.sin_port)),
      .table = "docs"};
  const auto told = [&](const Deadline& deadline) {
    return message_of<tamis::RetrievalError>(
        [&] { (void)postgres(options).search("berlin", 10, deadline); });
  };
  CHECK(contains(told(in_ms(50)), "deadline"));
  options.connection.connect_timeout_ms = 50;
  CHECK(contains(told(never()), "deadline"));
  ::close(listener);
}

TEST_CASE("who gives up leaves PostgreSQL no work") {
  if (there_is_none()) return;
  const Docs docs("slow");
  docs.add_slow_view();
  PostgresOptions options = docs.options();
  options.table = "slow";
  const Store store = postgres(options);
  SECTION("at the deadline") {
    CHECK(contains(
        message_of<tamis::RetrievalError>([&] { (void)store.search("berlin", 10, in_ms(100)); }),
        "deadline"));
  }
  SECTION("when it takes too long") {
    options.connection.timeout_ms = 100;
    CHECK_THROWS_AS(postgres(options).search("berlin", 10, never()), tamis::RetrievalError);
  }
  SECTION("when it is cancelled") {
    tamis::CancelToken cancel;
    std::thread other([&docs, cancel]() mutable {
      CHECK(soon([&] { return docs.open("active") == "1"; }));
      cancel.cancel();
    });
    CHECK_THROWS_AS(store.search("berlin", 10, never(), cancel), tamis::Cancelled);
    other.join();
  }
  CHECK(soon([&] { return docs.open() == "0"; }));
}

TEST_CASE("connections that the server closed are replaced") {
  if (there_is_none()) return;
  const Docs docs("closing");
  const Store store = postgres(docs.options());
  CHECK(ids(store.search("berlin", 10, never())) == Ids{"1"});
  CHECK(docs.open() == "1");
  run(Docs::url(),
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'closing'");
  CHECK(soon([&] { return docs.open() == "0"; }));
  CHECK(ids(store.search("berlin", 10, never())) == Ids{"1"});
}

TEST_CASE("64 threads share a store of PostgreSQL and its few connections") {
  if (there_is_none()) return;
  const Docs docs("crowd");
  PostgresOptions options = docs.options();
  options.connection.most = 5;
  const Store store = postgres(options);
  std::vector<Ids> found(64);
  std::vector<std::thread> threads;
  threads.reserve(found.size());
  for (Ids& own : found) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) own = ids(store.search("cities Paris", 10, never()));
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Ids& own : found) CHECK(own == Ids{"2", "1"});
  CHECK(std::stoi(docs.open()) <= 5);
}

TEST_CASE("pgvector finds the nearest vectors, and both halves are fused") {
  if (there_is_none()) return;
  if (std::getenv("TAMIS_TEST_PGVECTOR") == nullptr) {
    WARN("this PostgreSQL has no pgvector");
    return;
  }
  const Docs docs("vectors");
  run(Docs::url(),
      "ALTER TABLE vectors.docs ADD COLUMN embedding vector(2);"
      "UPDATE vectors.docs SET embedding = '[1,0]' WHERE id = 1;"
      "UPDATE vectors.docs SET embedding = '[0.8,0.6]' WHERE id = 2;"
      "UPDATE vectors.docs SET embedding = '[0,2]' WHERE id = 3;");
  PostgresOptions options = docs.options();
  options.vector = "embedding";
  options.search = {.embed =
                        [](std::string_view) {
                          return std::vector<float>{0, 1};
                        },
                    .fusion = tamis::StoreFusion::dense};
  auto hits = postgres(options).search("anything", 10, never());
  REQUIRE(ids(hits) == Ids{"3", "2", "1"});
  CHECK(hits[0].score == Approx(1));
  CHECK(hits[1].score == Approx(0.6));
  options.distance = tamis::VectorDistance::dot;
  CHECK(postgres(options).search("anything", 1, never())[0].score == Approx(2));
  options.distance = tamis::VectorDistance::l2;
  CHECK(ids(postgres(options).search("anything", 1, never())) == Ids{"2"});
  options.distance = tamis::VectorDistance::cosine;
  options.search.fusion = tamis::StoreFusion::rrf;
  CHECK(ids(postgres(options).search("paris", 3, never())) == Ids{"2", "3", "1"});
  run(Docs::url(), "UPDATE vectors.docs SET embedding = '[0,0]' WHERE id = 2");  // has no cosine
  CHECK(contains(message_of<tamis::RetrievalError>(
                     [&] { (void)postgres(options).search("paris", 3, never()); }),
                 "the score of '2' is not finite"));
}

TEST_CASE("an HNSW index gives as many rows as are asked for") {
  if (there_is_none() || std::getenv("TAMIS_TEST_PGVECTOR") == nullptr) return;
  const Docs docs("graph");
  run(Docs::url(),
      "CREATE TABLE graph.many AS SELECT i AS id, i::text AS text, ARRAY[cos(i), sin(i)]::vector "
      "AS embedding FROM generate_series(1, 2000) AS i;"
      "ALTER TABLE graph.many ALTER COLUMN embedding TYPE vector(2);"
      "CREATE INDEX ON graph.many USING hnsw (embedding vector_cosine_ops);"
      "ANALYZE graph.many; ALTER ROLE tester SET enable_seqscan = off;");
  const Store store = postgres({.url = Docs::url(),
                                .schema = "graph",
                                .table = "many",
                                .vector = "embedding",
                                .search = {.embed =
                                               [](std::string_view) {
                                                 return std::vector<float>{1, 0};
                                               },
                                           .fusion = tamis::StoreFusion::dense}});
  CHECK(store.search("anything", 150, never()).size() == 150);
  run(Docs::url(), "ALTER ROLE tester RESET enable_seqscan");
}
