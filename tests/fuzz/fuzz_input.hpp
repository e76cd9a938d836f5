// fuzz_input.hpp: what each fuzzer does with its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tamis/error.hpp>

#include "support/temporary_folder.hpp"

namespace tamis::fuzz {

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};  // NOLINT: bytes are bytes
}

/// Our own errors are the right answer to a broken file; anything else ends the program.
template <typename Call>
int expect_value_or_error(Call&& call) {
  try {
    call();
  } catch (const Error&) {
    return 0;
  }
  return 0;
}

}  // namespace tamis::fuzz
