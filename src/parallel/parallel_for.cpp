// parallel/parallel_for.cpp: the pool of this process, its size, and what fork does to it.
#include "parallel/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include <pthread.h>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "parallel/cpu_count.hpp"
#include "parallel/thread_pool.hpp"

namespace tamis {
namespace {

/// TAMIS_NUM_THREADS; 0 where it is not set.
std::size_t threads_of_environment() {
  const char* text = std::getenv("TAMIS_NUM_THREADS");
  if (text == nullptr || *text == '\0') return 0;
  const std::string_view value(text);
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), count);
  if (error != std::errc{} || end != value.data() + value.size() || count == 0) {
    raise<InvalidArgument>("TAMIS_NUM_THREADS is '{}'; it must be a number of at least 1", value);
  }
  return count;
}

std::atomic<std::size_t> chosen{0};    // 0: not set
std::atomic<std::size_t> followed{0};  // 0: nobody to follow

// Leaked on purpose: workers may still sleep in it while the process ends, and after a fork the
// child's copy has no threads and perhaps a locked mutex, so the child takes a new one.
std::atomic<ThreadPool*>& current_pool() {
  static std::atomic<ThreadPool*> pool{[] {
    pthread_atfork(nullptr, nullptr, [] { current_pool().store(new ThreadPool); });
    return new ThreadPool;
  }()};
  return pool;
}

}  // namespace

std::size_t num_threads() {
  const std::size_t count = chosen.load(std::memory_order_relaxed);
  if (count != 0) return count;
  static const std::size_t environment = threads_of_environment();
  if (environment != 0) return environment;
  static const std::size_t usable = usable_cpus();
  const std::size_t other = followed.load(std::memory_order_relaxed);
  return other == 0 ? usable : std::min(other, usable);
}

void follow_num_threads(std::size_t count) noexcept {
  followed.store(count, std::memory_order_relaxed);
}

void set_num_threads(std::size_t count) {
  if (count == 0) raise<InvalidArgument>("the number of threads is 0; it must be at least 1");
  chosen.store(count, std::memory_order_relaxed);
}

void parallel_for(std::size_t count, const std::function<void(std::size_t)>& work) {
  if (count == 0) return;
  if (inside_parallel_for()) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  current_pool().load()->run(count, num_threads(), work);
}

}  // namespace tamis
