// store/without_sqlite.cpp: stands in for SQLite where this library is built without it.
#include <tamis/store/sqlite.hpp>

namespace tamis {

Store stores::sqlite(SqliteOptions) {
  throw Error(
      "this tamis was built without SQLite: install its headers (Debian: libsqlite3-dev) and build "
      "with TAMIS_SQLITE=ON");
}

}  // namespace tamis
