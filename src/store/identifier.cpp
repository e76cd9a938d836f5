// store/identifier.cpp
#include "store/identifier.hpp"

#include <tamis/error.hpp>

#include "store/plain_text.hpp"

namespace tamis::store {

std::string identifier(std::string_view name, std::string_view what) {
  constexpr std::size_t kLongest = 63;  // PostgreSQL cuts what is longer, silently
  if (name.empty()) raise<InvalidArgument>("{} is empty: name it", what);
  if (name.size() > kLongest || plain_text(name) != name) {
    raise<InvalidArgument>("{} is no name: it has over {} bytes, or NUL, or is no UTF-8", what,
                           kLongest);
  }
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace tamis::store
