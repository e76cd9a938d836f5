// tamis/store/sqlite.hpp: SQLite's full text search, and vectors by sqlite-vec.
//
//   auto docs = tamis::stores::sqlite({.path = "docs.db", .table = "docs", .id = "id"});
#pragma once

#include <string>

#include <tamis/store/store.hpp>

namespace tamis {

struct SqliteOptions {
  std::string path;                  ///< of the database, which is opened for reading only
  std::string table;                 ///< an FTS5 table; every indexed column of it is searched
  std::string id = {};               ///< its column of ids; empty: the rowid
  std::string text = "text";         ///< its column of texts
  std::string vectors = {};          ///< a vec0 table with the same rowids; needs `search.embed`
  std::string vector = "embedding";  ///< its column, of floats
  std::string extension = {};        ///< path of sqlite-vec; empty: it is in SQLite already
  SearchOptions search = {};
  ConnectionOptions connection = {};
};

namespace stores {

/// Passages with any word of the query, by bm25(); vectors by their distance, whose negative is the
/// score. At the deadline and when cancelled the statement is interrupted; a scan of vectors is one
/// step and ends before. Throws InvalidArgument for options that cannot be used, RetrievalError for
/// a file, table or column that is not there, Error where this library was built without SQLite.
[[nodiscard]] Store sqlite(SqliteOptions options);

}  // namespace stores
}  // namespace tamis
