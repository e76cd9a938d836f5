// tamis/store/error.hpp: a database that did not answer as it should.
#pragma once

#include <tamis/error.hpp>

namespace tamis {

/// Messages hold no connection string and no password. Python: `tamis.RetrievalError`.
class RetrievalError : public Error {
 public:
  using Error::Error;
};

}  // namespace tamis
