// bindings/gil_pauses.hpp: the GIL, let go of now and then.
#pragma once

#include <chrono>
#include <cstddef>
#include <thread>

#include "without_gil.hpp"

/// For a long loop that makes or reads Python objects: called for each, it lets another thread,
/// such as an event loop's, have the GIL after every millisecond. tamis.pauses does so in Python.
class GilPauses {
 public:
  void operator()() {
    if (++count_ % kEvery != 0 || Clock::now() - since_ < kHeld) return;
    {
      const WithoutGil pause;
      // Who waits has been woken and is not running yet: without this, the GIL is taken back first.
      std::this_thread::sleep_for(kPause);
    }
    since_ = Clock::now();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kEvery = 16;  // items between looks at the clock
  static constexpr std::chrono::microseconds kHeld{1000};
  static constexpr std::chrono::microseconds kPause{20};
  std::size_t count_ = 0;
  Clock::time_point since_ = Clock::now();
};
