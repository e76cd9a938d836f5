// parallel/thread_pool.hpp: the one pool; callers lend it their thread while they wait.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "parallel/places.hpp"
#include "parallel/watch.hpp"

namespace tamis {

/// At most `limit` threads run work at a time, callers included, however many threads call: a
/// caller without a place waits for one, or for others to finish its work.
class ThreadPool {
 public:
  void run(std::size_t count, std::size_t limit, const std::function<void(std::size_t)>& work);

 private:
  struct Job {
    std::size_t count;
    const std::function<void(std::size_t)>* work;
    Watch* watch;  // of the caller, if it watches
    std::atomic<std::size_t> next{0};
    std::size_t runners = 0;  // threads inside the job; guarded by the pool's mutex
    std::exception_ptr error;
    [[nodiscard]] bool exhausted() const { return next.load() >= count; }
    void fail(std::exception_ptr why);
  };

  void serve();
  void take_part(Job& job, std::unique_lock<std::mutex>& lock);
  void wait(Job& job, std::unique_lock<std::mutex>& lock, const std::function<bool()>& ready);
  [[nodiscard]] Job* open_job();
  void grow(std::size_t workers);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> jobs_;  // owned by their callers, which outlive their entries
  std::size_t running_ = 0;
  std::size_t limit_ = 1;
  std::vector<std::thread::native_handle_type> workers_;
  Places places_;
};

}  // namespace tamis
