// store/inside_sqlite.cpp
#include "store/inside_sqlite.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

#include <pthread.h>

#include <tamis/store/error.hpp>

namespace tamis::store {

struct Gate {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t inside = 0;
  std::atomic<std::size_t> forks = 0;  ///< that wait or are under way
  bool usable = true;                  ///< in this process
};

namespace {

// Leaked on purpose: connections may be closed while the process ends, and the child's copy counts
// threads that it does not have, so that the child makes a new one.
std::atomic<Gate*>& gate() {
  static std::atomic<Gate*> current = new Gate;
  return current;
}

void before_fork() {
  constexpr std::chrono::seconds kLongest(1);  // who is inside may wait for the forking thread
  Gate& own = *gate().load();
  std::unique_lock lock(own.mutex);
  ++own.forks;
  own.changed.wait_for(lock, kLongest, [&] { return own.inside == 0; });
  lock.release();  // held over the fork
}

void after_fork_in_parent() {
  Gate& own = *gate().load();
  --own.forks;
  own.mutex.unlock();
  own.changed.notify_all();
}

void after_fork_in_child() {
  Gate& parents = *gate().load();
  auto* const own = new Gate;
  own->usable = parents.usable && parents.inside == 0;
  parents.forks = 0;
  parents.mutex.unlock();
  gate().store(own);
}

// When the library is loaded, and so before any fork.
[[maybe_unused]] const int waits =
    (gate(), pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child));

}  // namespace

InsideSqlite::InsideSqlite() noexcept : gate_(*gate().load()) {
  std::unique_lock lock(gate_.mutex);
  gate_.changed.wait(lock, [&] { return gate_.forks == 0; });
  ++gate_.inside;
}

InsideSqlite::~InsideSqlite() {
  const std::lock_guard lock(gate_.mutex);
  --gate_.inside;
  if (gate_.inside == 0 && gate_.forks > 0) gate_.changed.notify_all();
}

bool fork_waits() noexcept { return gate().load()->forks > 0; }

void require_sqlite_after_fork() {
  if (gate().load()->usable) return;
  throw RetrievalError(
      "this process was forked in the middle of a search of SQLite and cannot use SQLite: fork "
      "while no search is under way, or start processes by spawn");
}

}  // namespace tamis::store
