// store/postgres_connection.hpp: a connection that is waited for with a deadline.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <libpq-fe.h>

#include <tamis/store/postgres.hpp>

#include "store/waiting.hpp"

namespace tamis::store {

/// What libpq makes of a connection string.
class PostgresAddress {
 public:
  /// Throws InvalidArgument, which does not quote it: it may hold a password.
  explicit PostgresAddress(const std::string& url);

  [[nodiscard]] const std::vector<const char*>& keywords() const noexcept { return keywords_; }
  [[nodiscard]] const std::vector<const char*>& values() const noexcept { return values_; }
  [[nodiscard]] const std::string& password() const noexcept { return password_; }

 private:
  struct Freer {
    void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
  };

  std::shared_ptr<PQconninfoOption> parsed_;
  std::vector<const char*> keywords_;  ///< null-terminated, as values_
  std::vector<const char*> values_;
  std::string password_;
};

/// One thread at a time. A call that throws leaves it unusable; closing it stops the server's work.
class PostgresConnection {
 public:
  /// Throws RetrievalError.
  PostgresConnection(const PostgresAddress& address, double timeout_ms, const Waiting& waiting);

  /// `values` are bound, never spliced. Throws ConnectionLost, RetrievalError with the server's
  /// words.
  [[nodiscard]] std::vector<StoreRow> rows(const std::string& sql,
                                           const std::vector<std::string>& values,
                                           const Waiting& waiting);

  /// An HNSW index gives no more rows than it looks at: 40, unless it is told.
  void look_at(std::size_t count, const Waiting& waiting);

 private:
  struct Closer {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
  };
  struct Clearer {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  using Result = std::unique_ptr<PGresult, Clearer>;

  void connect(const Waiting& waiting);
  [[nodiscard]] Result run(const std::string& sql, const std::vector<std::string>& values,
                           const Waiting& waiting);
  [[nodiscard]] Result next_result(const Waiting& waiting);
  void wait_for(short events, const Waiting& waiting) const;
  [[nodiscard]] std::string told(std::string_view message) const;
  /// `result`: null for what the connection itself says.
  [[noreturn]] void fail(const PGresult* result = nullptr) const;

  std::string password_;
  std::unique_ptr<PGconn, Closer> connection_;
  std::size_t looked_at_ = 40;
};

}  // namespace tamis::store
