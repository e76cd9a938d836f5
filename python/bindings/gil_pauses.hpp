// bindings/gil_pauses.hpp: the GIL, let go of now and then.
#pragma once

#include <cstddef>

#include <pybind11/pybind11.h>

/// For a long loop that makes or reads Python objects: called for each, it lets another thread,
/// such as an event loop's, have the GIL in between. Python hands it over to who has waited for its
/// switch interval (5 ms).
class GilPauses {
 public:
  void operator()() {
    if (++count_ % kEvery != 0) return;
    const pybind11::gil_scoped_release pause;
  }

 private:
  static constexpr std::size_t kEvery = 256;
  std::size_t count_ = 0;
};
