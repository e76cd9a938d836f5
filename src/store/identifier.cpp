// store/identifier.cpp
#include "store/identifier.hpp"

#include <tamis/error.hpp>

#include "store/plain_text.hpp"

namespace tamis::store {

std::string identifier(std::string_view name, std::string_view what) {
  if (name.empty()) raise<InvalidArgument>("{} is empty: name it", what);
  if (plain_text(name) != name) {
    raise<InvalidArgument>("{} is no name: it holds NUL or is no UTF-8", what);
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace tamis::store
