// store/identifier.hpp: names of tables and columns in SQL.
#pragma once

#include <string>
#include <string_view>

namespace tamis::store {

/// `"name"`, whatever is in it. Throws InvalidArgument, naming `what`, for a name that no table or
/// column can have: empty, with NUL, or no UTF-8.
[[nodiscard]] std::string identifier(std::string_view name, std::string_view what);

}  // namespace tamis::store
