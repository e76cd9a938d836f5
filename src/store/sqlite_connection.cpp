// store/sqlite_connection.cpp
#include "store/sqlite_connection.hpp"

#include <chrono>
#include <cmath>
#include <thread>
#include <utility>

namespace tamis::store {
namespace {

std::string text_of(sqlite3_stmt* statement, int column) {
  const unsigned char* const text = sqlite3_column_text(statement, column);
  if (text == nullptr) return {};
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
  return {reinterpret_cast<const char*>(text), size};
}

/// SQLite has no NaN, and gives NULL.
float number_of(sqlite3_stmt* statement, int column) {
  return sqlite3_column_type(statement, column) == SQLITE_NULL
             ? NAN
             : static_cast<float>(sqlite3_column_double(statement, column));
}

struct ForkWaits {};

/// What `call` returns, made again when it was interrupted for a fork.
template <typename Call>
auto between_forks(const Call& call) {
  while (true) {
    const InsideSqlite inside;
    try {
      return call();
    } catch (const ForkWaits&) {  // in front of the next turn
    }
  }
}

struct Resetter {
  void operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

SqliteConnection::SqliteConnection(const SqliteOptions& options) : path_(options.path) {
  constexpr int kStepsBetweenChecks = 1000;  // some 20 microseconds
  static constexpr int kMostTimes = 1000;    // that a locked file is asked while it is opened
  require_sqlite_after_fork();
  const InsideSqlite inside;
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(path_.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (code != SQLITE_OK) raise<RetrievalError>("{}: {}", path_, sqlite3_errstr(code));
  if (!options.extension.empty()) load(options.extension);
  sqlite3_progress_handler(
      opened, kStepsBetweenChecks,
      [](void* self) { return static_cast<SqliteConnection*>(self)->is_over() ? 1 : 0; }, this);
  sqlite3_busy_handler(
      opened,
      [](void* self, int times) {
        auto& own = *static_cast<SqliteConnection*>(self);
        if (own.is_over() || (own.waiting_ == nullptr && times == kMostTimes)) return 0;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return 1;
      },
      this);
}

void SqliteConnection::load(const std::string& extension) {
  sqlite3* const database = database_.get();
  char* message = nullptr;
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  const int code = sqlite3_load_extension(database, extension.c_str(), nullptr, &message);
  const std::unique_ptr<char, decltype(&sqlite3_free)> owned(message, &sqlite3_free);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  if (code == SQLITE_OK) return;
  raise<RetrievalError>("the extension {} cannot be loaded: {}", extension,
                        message == nullptr ? sqlite3_errstr(code) : message);
}

template <typename Call>
int SqliteConnection::watched(const Waiting* waiting, const Call& call) {
  waiting_ = waiting;
  const int code = call();
  waiting_ = nullptr;
  if (over_) std::rethrow_exception(std::exchange(over_, nullptr));
  return code;
}

Statement SqliteConnection::prepared(const std::string& sql, const Waiting* waiting) {
  return between_forks([&] {
    sqlite3_stmt* statement = nullptr;
    const int code = watched(waiting, [&] {
      return sqlite3_prepare_v3(database_.get(), sql.c_str(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    });
    if (code != SQLITE_OK) fail();
    return Statement(statement);
  });
}

std::vector<StoreRow> SqliteConnection::rows(sqlite3_stmt* statement,
                                             const std::function<int(sqlite3_stmt*)>& bind,
                                             const Waiting& waiting) {
  waiting.check();
  return between_forks([&] { return read(statement, bind, waiting); });
}

std::vector<StoreRow> SqliteConnection::read(sqlite3_stmt* statement,
                                             const std::function<int(sqlite3_stmt*)>& bind,
                                             const Waiting& waiting) {
  const std::unique_ptr<sqlite3_stmt, Resetter> reset_at_the_end(statement);
  std::vector<StoreRow> rows;
  const int code = watched(&waiting, [&] {
    int last = bind(statement);
    if (last != SQLITE_OK) return last;
    while ((last = sqlite3_step(statement)) == SQLITE_ROW) {
      rows.push_back({text_of(statement, 0), text_of(statement, 1), number_of(statement, 2)});
    }
    return last;
  });
  if (code != SQLITE_DONE) fail();
  return rows;
}

void SqliteConnection::fail() const {
  raise<RetrievalError>("{}: {}", path_, sqlite3_errmsg(database_.get()));
}

bool SqliteConnection::is_over() noexcept {
  if (fork_waits()) {
    over_ = std::make_exception_ptr(ForkWaits{});
    return true;
  }
  if (waiting_ == nullptr) return false;
  try {
    waiting_->check();
    return false;
  } catch (...) {
    over_ = std::current_exception();
    return true;
  }
}

}  // namespace tamis::store
