// parallel/thread_pool.cpp
#include "parallel/thread_pool.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "parallel/parallel_for.hpp"

namespace tamis {
namespace {

thread_local bool inside = false;

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
      worker = std::thread([this] { serve(); });
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

void ThreadPool::take_part(Job& job, std::unique_lock<std::mutex>& lock) {
  ++running_;
  ++job.runners;
  lock.unlock();
  inside = true;
  std::exception_ptr error;
  try {
    const WorkingFor caller(job.watch);
    for (std::size_t i = job.next.fetch_add(1); i < job.count; i = job.next.fetch_add(1)) {
      checkpoint();
      (*job.work)(i);
    }
  } catch (...) {
    error = std::current_exception();
  }
  inside = false;
  lock.lock();
  if (error) job.fail(std::move(error));
  --running_;
  --job.runners;
  changed_.notify_all();
}

/// Until `ready`, or until the caller was asked, who may end the job.
void ThreadPool::wait(Job& job, std::unique_lock<std::mutex>& lock,
                      const std::function<bool()>& ready) {
  if (job.watch == nullptr) {
    changed_.wait(lock, ready);
    return;
  }
  if (changed_.wait_for(lock, kAskEvery, ready)) return;
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

void ThreadPool::serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    Job* job = nullptr;
    changed_.wait(lock, [&] {
      job = running_ < limit_ ? open_job() : nullptr;
      return job != nullptr;
    });
    take_part(*job, lock);
  }
}

void ThreadPool::run(std::size_t count, std::size_t limit,
                     const std::function<void(std::size_t)>& work) {
  Job job{.count = count, .work = &work, .watch = current_watch(), .error = nullptr};
  std::unique_lock lock(mutex_);
  limit_ = limit;
  grow(limit - 1);
  jobs_.push_back(&job);
  if (limit > 1 && count > 1) {
    if (jobs_.size() == 1) places_.avoid_this_processor(workers_);
    changed_.notify_all();
  }
  const auto done = [&] { return job.exhausted() && job.runners == 0; };
  while (!done()) {
    if (!job.exhausted() && running_ < limit_) {
      take_part(job, lock);
    } else {
      wait(job, lock, [&] { return done() || (!job.exhausted() && running_ < limit_); });
    }
  }
  std::erase(jobs_, &job);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace tamis
