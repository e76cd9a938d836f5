// parallel/parallel_for.cpp: the pool of this process, its size, and what fork does to it.
#include "parallel/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <string_view>

#include <pthread.h>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "parallel/cpu_count.hpp"
#include "parallel/thread_pool.hpp"

namespace tamis {
namespace {

/// TAMIS_NUM_THREADS; 0 where it is not set.
constexpr std::size_t kMost = 4096;  // each that is asked for is started

std::size_t threads_of_environment() {
  const char* text = std::getenv("TAMIS_NUM_THREADS");
  if (text == nullptr || *text == '\0') return 0;
  const std::string_view value(text);
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc{} || end != value.data() + value.size() || count == 0 || count > kMost) {
    raise<InvalidArgument>("TAMIS_NUM_THREADS is '{}'; it must be a number from 1 to {}", value,
                           kMost);
  }
  return count;
}

std::atomic<std::size_t> chosen{0};    // 0: not set
std::atomic<std::size_t> followed{0};  // 0: nobody to follow

/// What `compute` gives, kept in `cache`. No lock: a fork in the middle of it must not leave one
/// held in the child.
std::size_t cached(std::atomic<std::size_t>& cache, std::size_t (*compute)()) {
  constexpr std::size_t kUnknown = static_cast<std::size_t>(-1);
  std::size_t value = cache.load(std::memory_order_relaxed) - 1;
  if (value == kUnknown) {
    value = compute();
    cache.store(value + 1, std::memory_order_relaxed);
  }
  return value;
}

std::size_t processors() {
  static constinit std::atomic<std::size_t> of_machine{0};
  return cached(of_machine, usable_cpus);
}

// Leaked on purpose: workers may still sleep in it while the process ends, and after a fork the
// child's copy has no threads and perhaps a locked mutex, so the child makes a new one.
constinit std::atomic<ThreadPool*> pool{nullptr};

// When the library is loaded, and so before any fork.
[[maybe_unused]] const int forgets_after_fork =
    pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr); });

ThreadPool& current_pool() {
  ThreadPool* found = pool.load();
  if (found == nullptr) {
    auto fresh = std::make_unique<ThreadPool>(processors());
    if (pool.compare_exchange_strong(found, fresh.get())) found = fresh.release();
  }
  return *found;
}

}  // namespace

std::size_t num_threads() {
  const std::size_t count = chosen.load(std::memory_order_relaxed);
  if (count != 0) return count;
  static constinit std::atomic<std::size_t> of_environment{0};
  const std::size_t environment = cached(of_environment, threads_of_environment);
  if (environment != 0) return environment;
  const std::size_t usable = processors();
  const std::size_t other = followed.load(std::memory_order_relaxed);
  return other == 0 ? usable : std::min(other, usable);
}

void follow_num_threads(std::size_t count) noexcept {
  followed.store(count, std::memory_order_relaxed);
}

void set_num_threads(std::size_t count) {
  if (count == 0 || count > kMost) {
    raise<InvalidArgument>("the number of threads is {}; it must be from 1 to {}", count, kMost);
  }
  chosen.store(count, std::memory_order_relaxed);
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 0) return;
  if (inside_parallel_for()) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  current_pool().run(count, num_threads(), work);
}

}  // namespace tamis
