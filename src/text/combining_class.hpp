// text/combining_class.hpp
#pragma once

#include <utf8proc.h>

#include "text/unicode_tables.hpp"

namespace tamis {

/// Of canonical ordering; 0 for letters.
[[nodiscard]] inline int combining_class(char32_t code) {
  if (!contains(kReordered, code)) return 0;
  return utf8proc_get_property(static_cast<utf8proc_int32_t>(code))->combining_class;
}

}  // namespace tamis
