// bindings/text.hpp: Python strings as UTF-8, without losing any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <pybind11/pybind11.h>

/// A lone surrogate, which has no UTF-8, reads as U+FFFD. Throws InvalidArgument, naming the index,
/// for what is no str. Views stay valid while the list's strings and this object live.
class Utf8Texts {
 public:
  Utf8Texts(const pybind11::list& texts, const char* what);

  [[nodiscard]] std::size_t size() const { return views_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t index) const { return views_[index]; }

 private:
  pybind11::list held_;  // a copy: the caller's list may change while the GIL is released
  std::vector<std::string> replaced_;
  std::vector<std::string_view> views_;
};

/// Characters (code points) in the first `bytes` bytes of valid UTF-8.
std::size_t characters_before(std::string_view text, std::size_t bytes);
