// store/sqlite_docs.hpp: a real database file.
#pragma once

#include <memory>
#include <string>

#include <sqlite3.h>

#include <tamis/store/sqlite.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace test {

/// A connection of the test's own, for writing.
class Writer {
 public:
  explicit Writer(const std::string& path) {
    sqlite3* opened = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &opened) == SQLITE_OK);
    database_.reset(opened);
  }
  void load(const char* extension) const {
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
    REQUIRE(sqlite3_load_extension(database_.get(), extension, nullptr, nullptr) == SQLITE_OK);
  }
  void run(const std::string& sql) const {
    INFO(sql.substr(0, 200));
    REQUIRE(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }

 private:
  struct Closer {
    void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Closer> database_;
};

struct Docs {
  Docs() : path((folder.path() / "docs.db").string()) {
    Writer(path).run(
        "CREATE VIRTUAL TABLE docs USING fts5(id UNINDEXED, text, tokenize = 'porter');"
        "INSERT INTO docs VALUES ('d1', 'Berlin is the city'), ('d2', 'Paris is the city of "
        "cities'),"
        "('d3', 'bananas are yellow');");
  }
  [[nodiscard]] tamis::SqliteOptions options() const {
    return {.path = path, .table = "docs", .id = "id"};
  }
  /// Enough rows that a search takes many steps.
  void fill() const {
    Writer(path).run(
        "INSERT INTO docs WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
        "20000) SELECT 'n' || i, 'berlin ' || i FROM n");
  }

  TemporaryFolder folder;
  std::string path;
};

}  // namespace test
