// store/postgres.cpp: what PostgreSQL is asked.
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tamis/store/postgres.hpp>

#include "store/identifier.hpp"
#include "store/plain_text.hpp"
#include "store/pool.hpp"
#include "store/postgres_connection.hpp"

namespace tamis {
namespace {

using store::identifier;
using store::PostgresConnection;
using store::Waiting;
using Pool = store::Pool<PostgresConnection>;

/// A constant, so that an index on to_tsvector('english', text) serves.
std::string literal(const std::string& name, const char* what) {
  if (name.find_first_of("'\\") != std::string::npos) {
    raise<InvalidArgument>("{} is no name: it holds a quote or a backslash", what);
  }
  (void)identifier(name, what);
  return "'" + name + "'";
}

std::string text_sql(const PostgresOptions& options, const std::string& columns,
                     const std::string& table) {
  const std::string language = literal(options.language, "language");
  const std::string words =
      options.tsvector.empty()
          ? fmt::format("to_tsvector({}, t.{})", language, identifier(options.text, "text"))
          : "t." + identifier(options.tsvector, "tsvector");
  const char* const function = options.rank == TextRank::ts_rank ? "ts_rank" : "ts_rank_cd";
  return fmt::format(
      "SELECT {}, {}({}, asked.words, {}) FROM {} AS t, websearch_to_tsquery({}, $1) AS "
      "asked(words) WHERE {} @@ asked.words ORDER BY 3 DESC, 1 LIMIT $2",
      columns, function, words, options.normalization, table, language, words);
}

std::string dense_sql(const PostgresOptions& options, const std::string& columns,
                      const std::string& table) {
  if (options.vector.empty()) return {};
  const auto [operation, score] = [&]() -> std::pair<const char*, const char*> {
    switch (options.distance) {
      case VectorDistance::dot:
        return {"<#>", "-({})"};
      case VectorDistance::l2:
        return {"<->", "-({})"};
      case VectorDistance::cosine:
        break;
    }
    return {"<=>", "1 - ({})"};
  }();
  const std::string vector = "t." + identifier(options.vector, "vector");
  const std::string distance = fmt::format("{} {} $1::vector", vector, operation);
  return fmt::format("SELECT {}, {} FROM {} AS t WHERE {} IS NOT NULL ORDER BY {} LIMIT $2",
                     columns, fmt::format(fmt::runtime(score), distance), table, vector, distance);
}

struct Sql {
  explicit Sql(const PostgresOptions& options) {
    const std::string columns = fmt::format("t.{}::text, t.{}::text", identifier(options.id, "id"),
                                            identifier(options.text, "text"));
    const std::string schema =
        options.schema.empty() ? "" : identifier(options.schema, "schema") + ".";
    const std::string table = schema + identifier(options.table, "table");
    text = text_sql(options, columns, table);
    dense = dense_sql(options, columns, table);
  }

  std::string text;
  std::string dense;
};

/// websearch_to_tsquery finds no error in any text.
std::string asked(std::string_view query, bool operators) {
  if (operators) return std::string(store::beginning_of(query, store::kLongestQuery));
  return store::quoted_words(store::words_of(query), " or ");
}

StoreAnswer answer(PostgresConnection& connection, const Sql& sql, const StoreQuestion& question,
                   bool operators, const Waiting& waiting) {
  StoreAnswer found;
  const std::string count = std::to_string(question.count);
  if (const std::string words = asked(question.text, operators); !words.empty()) {
    found.text = connection.rows(sql.text, {words, count}, waiting);
  }
  if (!question.vector.empty()) {
    const std::string vector = fmt::format("[{}]", fmt::join(question.vector, ","));
    connection.look_at(question.count, waiting);
    found.dense = connection.rows(sql.dense, {vector, count}, waiting);
  }
  return found;
}

}  // namespace

Store stores::postgres(PostgresOptions options) {
  if (options.search.embed != nullptr && options.vector.empty()) {
    raise<InvalidArgument>("embed needs a column of vectors: hand in vector");
  }
  const Sql sql(options);
  const store::PostgresAddress address(options.url);
  const ConnectionOptions& connection = options.connection;
  const auto pool = std::make_shared<Pool>(
      connection.most, [address, timeout = connection.timeout_ms,
                        connect = connection.connect_timeout_ms](const Waiting& waiting) {
        const Waiting connecting = waiting.within(connect);
        return std::make_unique<PostgresConnection>(address, timeout, connecting);
      });
  std::string name = fmt::format("PostgreSQL, {}", options.table);
  return {std::move(name), std::move(options.search),
          [pool, sql, operators = options.operators,
           connection = options.connection](const StoreQuestion& question) {
            const Waiting waiting(question, connection);
            return pool->with(waiting, [&](PostgresConnection& open) {
              return answer(open, sql, question, operators, waiting);
            });
          }};
}

}  // namespace tamis
