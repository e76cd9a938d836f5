// bindings/without_gil.hpp: work without the GIL, also while the interpreter ends.
//
// A daemon thread that asks for the GIL when the interpreter is ending is ended there and then, in
// the middle of our C++, which aborts the process. So the interpreter waits, before it ends, until
// nobody is in C++, and who would go in then is kept waiting for good. What it still calls before
// it ends may wait for such a thread (atexit's other functions): that is let in after a while.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>
#include <optional>

#include <pthread.h>
#include <pybind11/pybind11.h>

namespace without_gil {

using Clock = std::chrono::steady_clock;

/// Threads that are in C++ without the GIL, of all modules of this process.
class Inside {
 public:
  /// `depth`: how often the calling thread is inside; C++ may call Python, and that C++.
  explicit Inside(std::size_t& (*depth)()) : depth_(depth) {}

  void enter() {
    std::unique_lock lock(mutex_);
    if (depth_() == 0 && is_over() && !late_) wait_to_be_let_in(lock);
    ++count_;
    ++depth_();
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --count_;
    --depth_();
    changed_.notify_all();
  }
  /// Waits for those that are inside, for a time: what they do not stop, nobody can.
  void end() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    ender_ = pthread_self();
    began_ = Clock::now();
    changed_.wait_for(lock, kLongest, [this] { return count_ == 0; });
    ended_ = Clock::now();
  }
  /// At a step of long work: who has had time to finish waits here, as who would go in does.
  void pause() {
    std::unique_lock lock(mutex_);
    if (!is_over() || late_ || Clock::now() - began_ <= kGrace) return;
    count_ -= depth_();
    changed_.notify_all();
    wait_to_be_let_in(lock);
    count_ += depth_();
  }
  /// In a child of fork: of all threads it has the one that forked.
  void forget() {
    new (&mutex_) std::mutex;
    new (&changed_) std::condition_variable;
    count_ = depth_();
  }

 private:
  static constexpr std::chrono::seconds kLongest{5};
  static constexpr std::chrono::seconds kGrace{1};
  static constexpr std::chrono::milliseconds kPatience{500};

  [[nodiscard]] bool is_over() const { return ending_ && !pthread_equal(pthread_self(), ender_); }

  void wait_to_be_let_in(std::unique_lock<std::mutex>& lock) {
    while (!late_) {
      changed_.wait_for(lock, std::chrono::milliseconds(10));
      if (is_finalizing()) changed_.wait(lock, [] { return false; });
      late_ = ended_ && Clock::now() - *ended_ > kPatience;
    }
  }
  static bool is_finalizing() {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
  }

  std::size_t& (*depth_)();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  bool ending_ = false;
  bool late_ = false;  ///< the end takes its time, and who would go in is let in
  pthread_t ender_{};
  Clock::time_point began_{};
  std::optional<Clock::time_point> ended_;
};

/// Set when a module is made. It is never destroyed: threads may outlive what is, at exit.
inline Inside*& inside() {
  static Inside* shared = nullptr;
  return shared;
}

inline std::size_t& own_depth() {
  thread_local std::size_t depth = 0;
  return depth;
}

/// Once, in tamis._native.
inline void watch_the_end(pybind11::module_& native) {
  inside() = new Inside(&own_depth);
  native.attr("_inside") = pybind11::capsule(inside(), "tamis._inside");
  ::pthread_atfork(nullptr, nullptr, [] { inside()->forget(); });
  pybind11::module_::import("atexit").attr("register")(pybind11::cpp_function([] {
    const pybind11::gil_scoped_release release;
    inside()->end();
  }));
}

/// In the other modules.
inline void share_the_watch() {
  const pybind11::object native = pybind11::module_::import("tamis._native");
  inside() = native.attr("_inside").cast<pybind11::capsule>().get_pointer<Inside>();
}

}  // namespace without_gil

/// Lets go of the GIL while it lives.
class WithoutGil {
 public:
  WithoutGil() = default;
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  struct Enter {
    Enter() { without_gil::inside()->enter(); }
  };
  struct Leave {
    ~Leave() { without_gil::inside()->leave(); }
  };
  // The last to be made waits without the GIL; the last to go has it again.
  Leave leave_;
  pybind11::gil_scoped_release release_;
  Enter enter_;
};
