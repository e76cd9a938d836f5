// store/sqlite.cpp: what SQLite is asked.
#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include <tamis/store/sqlite.hpp>

#include "store/identifier.hpp"
#include "store/plain_text.hpp"
#include "store/pool.hpp"
#include "store/sqlite_connection.hpp"

namespace tamis {
namespace {

using store::identifier;
using store::SqliteConnection;
using store::Statement;
using store::Waiting;

/// SQL of both halves; `dense` is empty where there are no vectors.
struct Sql {
  std::string text;
  std::string dense;
};

Sql sql_of(const SqliteOptions& options) {
  const std::string table = identifier(options.table, "table");
  const std::string id = options.id.empty() ? "rowid" : identifier(options.id, "id");
  const std::string text = identifier(options.text, "text");
  // The rank of FTS5 is bm25, the lower the better.
  Sql sql{.text = fmt::format("SELECT t.{1}, t.{2}, -t.rank FROM {0} AS t WHERE t.{0} MATCH ?1 "
                              "ORDER BY t.rank LIMIT ?2",
                              table, id, text)};
  if (options.vectors.empty()) return sql;
  sql.dense = fmt::format(
      "WITH v AS MATERIALIZED (SELECT rowid, distance FROM {3} WHERE {4} MATCH ?1 AND k = ?2) "
      "SELECT t.{1}, t.{2}, -v.distance FROM v JOIN {0} AS t ON t.rowid = v.rowid "
      "ORDER BY v.distance, v.rowid",
      table, id, text, identifier(options.vectors, "vectors"),
      identifier(options.vector, "vector"));
  return sql;
}

/// A connection and its statements, closed in the other order.
struct Session {
  Session(const SqliteOptions& options, const Sql& sql, const Waiting* waiting)
      : connection(options), text(connection.prepared(sql.text, waiting)) {
    if (!sql.dense.empty()) dense = connection.prepared(sql.dense, waiting);
  }

  SqliteConnection connection;
  Statement text;
  Statement dense;
};

std::vector<StoreRow> text_rows(Session& session, const StoreQuestion& question,
                                const Waiting& waiting) {
  const auto words = store::words_of(question.text);
  if (words.empty()) return {};
  const std::string match = store::quoted_words(words, " OR ");
  const auto bind = [&](sqlite3_stmt* statement) {
    const int code = sqlite3_bind_text(statement, 1, match.data(), static_cast<int>(match.size()),
                                       SQLITE_STATIC);
    return code != SQLITE_OK
               ? code
               : sqlite3_bind_int64(statement, 2, static_cast<sqlite3_int64>(question.count));
  };
  return session.connection.rows(session.text.get(), bind, waiting);
}

std::vector<StoreRow> dense_rows(Session& session, const StoreQuestion& question,
                                 const Waiting& waiting) {
  constexpr std::size_t kMost = 4096;  // sqlite-vec refuses more
  if (question.vector.empty()) return {};
  const auto bind = [&](sqlite3_stmt* statement) {
    const int code =
        sqlite3_bind_blob(statement, 1, question.vector.data(),
                          static_cast<int>(question.vector.size_bytes()), SQLITE_STATIC);
    return code != SQLITE_OK
               ? code
               : sqlite3_bind_int64(statement, 2,
                                    static_cast<sqlite3_int64>(std::min(question.count, kMost)));
  };
  return session.connection.rows(session.dense.get(), bind, waiting);
}

}  // namespace

Store stores::sqlite(SqliteOptions options) {
  if (options.search.embed != nullptr && options.vectors.empty()) {
    raise<InvalidArgument>("embed needs a table of sqlite-vec: hand in vectors");
  }
  const Sql sql = sql_of(options);
  std::string name = fmt::format("SQLite, {} of {}", options.table, options.path);
  SearchOptions search = options.search;
  ConnectionOptions connection = options.connection;
  auto first = std::make_unique<Session>(options, sql, nullptr);  // what is not there is told now
  const auto pool = std::make_shared<store::Pool<Session>>(
      connection.most, [options = std::move(options), sql](const Waiting& waiting) {
        return std::make_unique<Session>(options, sql, &waiting);
      });
  pool->add(std::move(first));
  return {std::move(name), std::move(search),
          [pool, connection = std::move(connection)](const StoreQuestion& question) {
            const Waiting waiting(question, connection);
            return pool->with(waiting, [&](Session& session) {
              return StoreAnswer{text_rows(session, question, waiting),
                                 dense_rows(session, question, waiting)};
            });
          }};
}

}  // namespace tamis
