// store/postgres_connection.cpp
#include "store/postgres_connection.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <new>
#include <utility>

#include <poll.h>

#include "remote/access.hpp"
#include "store/pool.hpp"

namespace tamis::store {
namespace {

void keep_silent(void*, const PGresult*) {}

std::string_view value_of(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column),
          static_cast<std::size_t>(PQgetlength(result, row, column))};
}

float number_of(std::string_view text) {
  float number = NAN;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

PostgresAddress::PostgresAddress(const std::string& url) {
  char* message = nullptr;
  parsed_.reset(PQconninfoParse(url.c_str(), &message), Freer{});
  PQfreemem(message);  // it quotes the string
  if (parsed_ == nullptr || url.find('\0') != std::string::npos) {
    throw InvalidArgument(
        "the url is no connection string of PostgreSQL: it must be postgresql://user@host/database "
        "or host=... dbname=...");
  }
  for (const PQconninfoOption* option = parsed_.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    keywords_.push_back(option->keyword);
    values_.push_back(option->val);
    if (std::string_view(option->keyword) == "password") password_ = option->val;
  }
  for (const auto& [keyword, value] :
       {std::pair("client_encoding", "UTF8"), std::pair("fallback_application_name", "tamis"),
        std::pair<const char*, const char*>(nullptr, nullptr)}) {
    keywords_.push_back(keyword);
    values_.push_back(value);
  }
}

PostgresConnection::PostgresConnection(const PostgresAddress& address, double timeout_ms,
                                       const Waiting& waiting)
    : password_(address.password()),
      connection_(PQconnectStartParams(address.keywords().data(), address.values().data(), 0)) {
  if (connection_ == nullptr) throw std::bad_alloc();
  connect(waiting);
  PQsetNoticeReceiver(connection_.get(), keep_silent, nullptr);
  if (PQsetnonblocking(connection_.get(), 1) != 0) fail();
  constexpr double kLongest = 2'147'483'647;
  // A server whose caller is gone stops: at once where it looks (from 14), else at this time.
  (void)run(
      "SELECT set_config('statement_timeout', $1, false), (SELECT set_config(name, '100', false) "
      "FROM pg_settings WHERE name = 'client_connection_check_interval')",
      {std::to_string(static_cast<long>(std::clamp(timeout_ms, 1.0, kLongest)))}, waiting);
}

void PostgresConnection::connect(const Waiting& waiting) {
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (next != PGRES_POLLING_OK) {
    if (next == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      fail();
    }
    wait_for(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, waiting);
    next = PQconnectPoll(connection_.get());
  }
}

/// Until the socket is ready, or the wait is over.
void PostgresConnection::wait_for(short events, const Waiting& waiting) const {
  pollfd socket{PQsocket(connection_.get()), events, 0};
  do {
    waiting.check();
    // Rounded down: a last part of a millisecond is spent asking.
  } while (::poll(&socket, 1, static_cast<int>(waiting.sleep_ms())) <= 0);
}

PostgresConnection::Result PostgresConnection::run(const std::string& sql,
                                                   const std::vector<std::string>& values,
                                                   const Waiting& waiting) {
  waiting.check();
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const std::string& value : values) texts.push_back(value.c_str());
  PGconn* const connection = connection_.get();
  if (PQsendQueryParams(connection, sql.c_str(), static_cast<int>(texts.size()), nullptr,
                        texts.data(), nullptr, nullptr, 0) == 0) {
    fail();
  }
  while (true) {
    const int flushed = PQflush(connection);
    if (flushed == 0) break;
    if (flushed < 0) fail();
    wait_for(POLLIN | POLLOUT, waiting);
    if (PQconsumeInput(connection) == 0) fail();
  }
  Result result = next_result(waiting);
  if (result == nullptr || PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
    fail(result.get());
  }
  while (next_result(waiting) != nullptr) {
  }
  return result;
}

PostgresConnection::Result PostgresConnection::next_result(const Waiting& waiting) {
  while (PQisBusy(connection_.get()) != 0) {
    wait_for(POLLIN, waiting);
    if (PQconsumeInput(connection_.get()) == 0) fail();
  }
  return Result(PQgetResult(connection_.get()));
}

std::vector<StoreRow> PostgresConnection::rows(const std::string& sql,
                                               const std::vector<std::string>& values,
                                               const Waiting& waiting) {
  const Result result = run(sql, values, waiting);
  std::vector<StoreRow> rows;
  const int count = PQntuples(result.get());
  rows.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) {
    rows.push_back({std::string(value_of(result.get(), row, 0)),
                    std::string(value_of(result.get(), row, 1)),
                    number_of(value_of(result.get(), row, 2))});
  }
  return rows;
}

void PostgresConnection::look_at(std::size_t count, const Waiting& waiting) {
  constexpr std::size_t kMost = 1000;  // pgvector refuses more
  count = std::min(count, kMost);
  if (count <= looked_at_) return;
  (void)run("SELECT set_config('hnsw.ef_search', $1, false)", {std::to_string(count)}, waiting);
  looked_at_ = count;
}

std::string PostgresConnection::told(std::string_view message) const {
  std::string line(message.substr(0, message.find_last_not_of('\n') + 1));
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return "PostgreSQL: " + remote::without_secrets(std::move(line), std::span(&password_, 1));
}

void PostgresConnection::fail(const PGresult* result) const {
  const char* const state =
      result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string_view code = state == nullptr ? "" : state;
  // Class 57P: the server goes, or comes; its words arrive before the end of the connection does.
  const bool lost = PQstatus(connection_.get()) == CONNECTION_BAD || code.starts_with("57P");
  const char* const said =
      result == nullptr ? PQerrorMessage(connection_.get()) : PQresultErrorMessage(result);
  if (lost) throw ConnectionLost(told(said));
  throw RetrievalError(told(said));
}

}  // namespace tamis::store
