// parallel/parallel_for.hpp: work on the one pool of the process.
#pragma once

#include <cstddef>
#include <functional>

namespace tamis {

/// Calls `work(0) ... work(count - 1)`, each once, in any order, on this thread and idle threads of
/// the pool. Returns when all are done; rethrows the first exception. A call from inside `work`
/// runs in its own thread, so nesting neither deadlocks nor oversubscribes.
void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work);

/// 0 in a caller's thread, 1 ... in the pool's.
[[nodiscard]] bool inside_parallel_for() noexcept;

}  // namespace tamis
