// parallel/per_process.hpp: what a child of fork does not share with its parent.
#pragma once

#include <atomic>
#include <memory>

#include <unistd.h>

namespace tamis {

/// A State of each process. A child leaves its copy of the parent's as it is, for good: sockets in
/// it are the parent's, and its mutex may be held by a thread that is not there. A State with
/// `adopt(State& parents)` takes over what it can.
template <typename State>
class PerProcess {
 public:
  PerProcess() = default;
  PerProcess(const PerProcess&) = delete;
  PerProcess& operator=(const PerProcess&) = delete;
  ~PerProcess() {
    const Owned* const owned = current_.load();
    if (owned->process == ::getpid()) delete owned;
  }

  /// This process's. A call keeps to the one that it began with.
  [[nodiscard]] State& here() {
    Owned* found = current_.load();
    if (found->process == ::getpid()) return found->state;
    auto fresh = std::make_unique<Owned>();
    if constexpr (requires { fresh->state.adopt(found->state); }) fresh->state.adopt(found->state);
    if (current_.compare_exchange_strong(found, fresh.get())) found = fresh.release();
    return found->state;
  }

 private:
  struct Owned {
    pid_t process = ::getpid();
    State state;
  };
  std::atomic<Owned*> current_ = new Owned;
};

}  // namespace tamis
