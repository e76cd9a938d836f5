// parallel/watch.cpp
#include "parallel/watch.hpp"

#include <atomic>
#include <exception>
#include <thread>

#include <tamis/error.hpp>

namespace tamis {
namespace {

using Clock = std::chrono::steady_clock;

constinit thread_local Watch* current = nullptr;

}  // namespace

class Watch {
 public:
  explicit Watch(const std::function<void()>& ask) : ask_(ask) {}

  void check() {
    if (stopped_.load(std::memory_order_relaxed)) throw Cancelled("the work was stopped");
    if (std::this_thread::get_id() != owner_ || Clock::now() - asked_ < kAskEvery) return;
    asked_ = Clock::now();
    try {
      ask_();
    } catch (...) {
      error_ = std::current_exception();
      stopped_.store(true, std::memory_order_relaxed);
      throw;
    }
  }

  /// What `ask` threw goes before what its end made other threads throw.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  const std::function<void()>& ask_;
  const std::thread::id owner_ = std::this_thread::get_id();
  Clock::time_point asked_ = Clock::now();  // the owner's, as error_ is
  std::exception_ptr error_;
  std::atomic<bool> stopped_{false};
};

WorkingFor::WorkingFor(Watch* watch) noexcept : before_(current) { current = watch; }
WorkingFor::~WorkingFor() { current = before_; }

Watch* current_watch() noexcept { return current; }

void checkpoint() {
  if (current != nullptr) current->check();
}

void watched(const std::function<void()>& work, const std::function<void()>& ask) {
  Watch watch(ask);
  const WorkingFor owner(&watch);
  try {
    work();
  } catch (...) {
    watch.rethrow();
    throw;
  }
}

}  // namespace tamis
