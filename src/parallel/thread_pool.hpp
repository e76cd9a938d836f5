// parallel/thread_pool.hpp: the one pool; callers lend it their thread while they wait, unless
// there are many of them.
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
///
/// Workers serve callers in turn, an item each: a small call does not wait for a large one's end.
///
/// One pair of texts is many short calls in a row: who waits looks out for the next before it
/// sleeps, while there is one caller and a processor for each thread.
///
/// As soon as there are as many callers as places, workers do everything. A thread that has
/// computed loses its core to the next one that computes; as a caller it may then hold a lock that
/// others wait for (an interpreter's), for as long as it has no core.
class ThreadPool {
 public:
  explicit ThreadPool(std::size_t processors) : processors_(processors) {}

  void run(std::size_t count, std::size_t limit, const std::function<void(std::size_t)>& work);

 private:
  struct Job {
    std::size_t count;
    const std::function<void(std::size_t)>* work;
    Watch* watch;  // of the caller, if it watches
    std::atomic<std::size_t> next{0};
    std::size_t runners = 0;  // threads inside the job; guarded by the pool's mutex
    std::exception_ptr error;
    std::condition_variable changed;  // its caller waits here
    [[nodiscard]] bool exhausted() const { return next.load() >= count; }
    [[nodiscard]] bool done() const { return exhausted() && runners == 0; }
    void fail(std::exception_ptr why);
  };

  void serve(std::size_t index);
  void take_part(Job& job, bool own, std::unique_lock<std::mutex>& lock);
  void wait(Job& job, std::unique_lock<std::mutex>& lock, const std::function<bool()>& ready);
  [[nodiscard]] bool has_place() const { return running_ < limit_; }
  [[nodiscard]] bool many_callers() const { return limit_ > 1 && jobs_.size() >= limit_; }
  [[nodiscard]] bool callers_only_wait() const {
    return many_callers() && workers_.size() >= limit_;
  }
  [[nodiscard]] Job* open_job();
  [[nodiscard]] Job* next_job();
  void offer_places();
  void look_out(const std::atomic<std::size_t>& news, std::unique_lock<std::mutex>& lock);
  void grow(std::size_t workers);

  std::mutex mutex_;
  std::condition_variable offered_;      // workers wait here
  std::deque<Job*> jobs_;                // owned by their callers, which outlive their entries
  std::atomic<std::size_t> callers_{0};  // jobs_.size(), to be read without the lock
  std::atomic<std::size_t> offers_{0};   // workers look out for the next
  std::atomic<std::size_t> ends_{0};     // of jobs; their callers look out for the next
  std::size_t running_ = 0;
  std::size_t limit_ = 1;
  std::vector<std::thread::native_handle_type> workers_;
  const std::size_t processors_;
  Places places_;
};

}  // namespace tamis
