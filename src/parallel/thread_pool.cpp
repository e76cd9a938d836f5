// parallel/thread_pool.cpp
#include "parallel/thread_pool.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <system_error>
#include <utility>

#include "parallel/parallel_for.hpp"

namespace tamis {
namespace {

thread_local bool inside = false;

// Longer than a thread takes alone between two steps of a layer; waking one takes as long.
constexpr std::chrono::microseconds kLookOut{50};

void pause_briefly() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

bool inside_parallel_for() noexcept { return inside; }

/// The others stop after what they are doing. Call with the lock.
void ThreadPool::Job::fail(std::exception_ptr why) {
  next.store(count);
  if (!error) error = std::move(why);
}

void ThreadPool::grow(std::size_t workers) {
  while (workers_.size() < workers) {
    std::thread worker;
    try {
      worker = std::thread([this, index = workers_.size()] { serve(index); });
    } catch (const std::system_error&) {
      return;  // the system gives no more: those that there are do the work, the caller at least
    }
    workers_.push_back(worker.native_handle());
    // The process may exit while a worker sleeps; nothing that it holds needs a clean end.
    worker.detach();
  }
}

ThreadPool::Job* ThreadPool::open_job() {
  const auto job =
      std::find_if(jobs_.begin(), jobs_.end(), [](Job* it) { return !it->exhausted(); });
  return job == jobs_.end() ? nullptr : *job;
}

/// The one that a worker has not served for longest. Call with the lock.
ThreadPool::Job* ThreadPool::next_job() {
  Job* const job = open_job();
  if (job != nullptr && jobs_.back() != job) {
    std::erase(jobs_, job);
    jobs_.push_back(job);
  }
  return job;
}

/// To all that sleep and may take one. Call with the lock.
void ThreadPool::offer_places() {
  Job* const job = has_place() ? open_job() : nullptr;
  if (job == nullptr) return;
  offers_.fetch_add(1);
  offered_.notify_all();
  if (!callers_only_wait()) job->changed.notify_one();
}

/// Works until nothing is left, or until an item is done while others wait: for a worker, or, where
/// it is the caller's `own` job, for a place.
void ThreadPool::take_part(Job& job, bool own, std::unique_lock<std::mutex>& lock) {
  ++running_;
  ++job.runners;
  const std::size_t alone = own ? limit_ : 2;
  lock.unlock();
  inside = true;
  std::exception_ptr error;
  try {
    const WorkingFor caller(job.watch);
    for (std::size_t i = job.next.fetch_add(1); i < job.count; i = job.next.fetch_add(1)) {
      checkpoint();
      (*job.work)(i);
      if (alone > 1 && callers_.load(std::memory_order_relaxed) >= alone) break;
    }
  } catch (...) {
    error = std::current_exception();
  }
  inside = false;
  lock.lock();
  if (error) job.fail(std::move(error));
  --running_;
  --job.runners;
  if (job.done()) {
    ends_.fetch_add(1);
    job.changed.notify_one();
  }
  offer_places();
}

/// Returns when there is one more of `news`, or after a while. Call with the lock, which is not
/// held meanwhile.
void ThreadPool::look_out(const std::atomic<std::size_t>& news,
                          std::unique_lock<std::mutex>& lock) {
  if (jobs_.size() > 1 || limit_ > processors_) return;
  const std::size_t known = news.load();
  lock.unlock();
  const auto end = std::chrono::steady_clock::now() + kLookOut;
  while (news.load(std::memory_order_relaxed) == known && std::chrono::steady_clock::now() < end) {
    pause_briefly();
  }
  lock.lock();
}

/// Until `ready`, or until the caller was asked, who may end the job.
void ThreadPool::wait(Job& job, std::unique_lock<std::mutex>& lock,
                      const std::function<bool()>& ready) {
  if (job.watch == nullptr) {
    job.changed.wait(lock, ready);
    return;
  }
  if (job.changed.wait_for(lock, kAskEvery, ready)) return;
  lock.unlock();
  std::exception_ptr error;
  try {
    checkpoint();
  } catch (...) {
    error = std::current_exception();
  }
  lock.lock();
  if (error) job.fail(std::move(error));
}

/// The last of `limit` workers stands in for callers that only wait.
void ThreadPool::serve(std::size_t index) {
  std::unique_lock lock(mutex_);
  while (true) {
    Job* job = nullptr;
    const auto found = [&] {
      const bool needed = index + 1 < limit_ || callers_only_wait();
      job = needed && has_place() ? next_job() : nullptr;
      return job != nullptr;
    };
    if (!found()) {  // which gives each job its turn: asked again, it would give the next one
      if (index + 1 < limit_) look_out(offers_, lock);
      offered_.wait(lock, found);
    }
    take_part(*job, false, lock);
  }
}

void ThreadPool::run(std::size_t count, std::size_t limit,
                     const std::function<void(std::size_t)>& work) {
  Job job{.count = count, .work = &work, .watch = current_watch(), .error = nullptr, .changed = {}};
  std::unique_lock lock(mutex_);
  limit_ = limit;
  jobs_.push_back(&job);
  callers_.store(jobs_.size(), std::memory_order_relaxed);
  grow(many_callers() ? limit : limit - 1);
  if (limit > 1 && count > 1 && jobs_.size() == 1) {
    const std::span every(workers_);
    places_.avoid_this_processor(every.first(std::min(every.size(), limit - 1)));
  }
  if (count > 1 || callers_only_wait()) offer_places();
  const auto can_lend = [&] { return !job.exhausted() && has_place() && !callers_only_wait(); };
  while (!job.done()) {
    if (can_lend()) {
      take_part(job, true, lock);
      if (!job.done()) look_out(ends_, lock);
    } else {
      wait(job, lock, [&] { return job.done() || can_lend(); });
    }
  }
  std::erase(jobs_, &job);
  callers_.store(jobs_.size(), std::memory_order_relaxed);
  offer_places();
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace tamis
