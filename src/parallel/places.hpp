// parallel/places.hpp: where workers may run.
#pragma once

#include <cstddef>
#include <span>
#include <thread>

namespace tamis {

/// Keeps workers off the processor of the thread that has work for them. A kernel whose processors
/// are all busy may wake a worker on that one, where it waits until the caller has done everything.
/// Elsewhere they run as the caller may; on other systems than Linux nothing is done.
class Places {
 public:
  /// Costs a system call for each worker when the caller moved to another processor since the last
  /// time, and next to nothing otherwise.
  void avoid_this_processor(std::span<const std::thread::native_handle_type> workers);

 private:
  int avoided_ = -1;         ///< a processor; -1: none
  std::size_t workers_ = 0;  ///< that have been told
};

}  // namespace tamis
