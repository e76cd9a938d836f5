// store/sqlite_connection.hpp: a database file, open for reading.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <sqlite3.h>

#include <tamis/store/sqlite.hpp>

#include "store/inside_sqlite.hpp"
#include "store/waiting.hpp"

namespace tamis::store {

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const noexcept {
    const InsideSqlite inside;
    sqlite3_finalize(statement);
  }
};
using Statement = std::unique_ptr<sqlite3_stmt, StatementCloser>;

/// Holds its address: SQLite calls back. One thread at a time.
class SqliteConnection {
 public:
  /// Throws RetrievalError.
  explicit SqliteConnection(const SqliteOptions& options);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// Throws RetrievalError with SQLite's own words, which name what is not there. A file that is
  /// locked is waited for: as `waiting` says, or a second.
  [[nodiscard]] Statement prepared(const std::string& sql, const Waiting* waiting);

  /// Rows of (id, text, score). `bind` is handed the statement and returns SQLite's code.
  [[nodiscard]] std::vector<StoreRow> rows(sqlite3_stmt* statement,
                                           const std::function<int(sqlite3_stmt*)>& bind,
                                           const Waiting& waiting);

 private:
  struct Closer {
    void operator()(sqlite3* database) const noexcept {
      const InsideSqlite inside;
      sqlite3_close_v2(database);
    }
  };

  /// What SQLite's `call` returns, interrupted when the waiting is over and for a fork.
  template <typename Call>
  int watched(const Waiting* waiting, const Call& call);
  std::vector<StoreRow> read(sqlite3_stmt* statement, const std::function<int(sqlite3_stmt*)>& bind,
                             const Waiting& waiting);
  void load(const std::string& extension);
  [[noreturn]] void fail() const;
  bool is_over() noexcept;

  std::string path_;
  std::unique_ptr<sqlite3, Closer> database_;
  const Waiting* waiting_ = nullptr;  ///< of the statement that runs
  std::exception_ptr over_;           ///< why it is to stop
};

}  // namespace tamis::store
