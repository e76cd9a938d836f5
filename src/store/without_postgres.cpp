// store/without_postgres.cpp: stands in for PostgreSQL where this library is built without libpq.
#include <tamis/store/postgres.hpp>

namespace tamis {

Store stores::postgres(PostgresOptions) {
  throw Error(
      "this tamis was built without PostgreSQL: install libpq's headers (Debian: libpq-dev) and "
      "build with TAMIS_POSTGRES=ON");
}

}  // namespace tamis
