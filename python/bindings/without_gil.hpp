// bindings/without_gil.hpp: work without the GIL, also while the interpreter ends.
//
// A daemon thread that asks for the GIL when the interpreter is ending is ended there and then, in
// the middle of our C++, which aborts the process. So the interpreter waits, before it ends, until
// nobody is in C++, and who would go in then is kept waiting for good.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <new>

#include <pthread.h>
#include <pybind11/pybind11.h>

namespace without_gil {

/// Threads of this module that are in C++ without the GIL.
class Inside {
 public:
  static Inside& all() {
    static auto* const known = new Inside;  // threads may outlive what is destroyed at exit
    return *known;
  }

  void enter() {
    std::unique_lock lock(mutex_);
    if (depth() == 0 && is_over()) changed_.wait(lock, [] { return false; });
    ++count_;
    ++depth();
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    --count_;
    --depth();
    changed_.notify_all();
  }
  /// Waits for those that are inside, for a time: what they do not stop, nobody can.
  void end() {
    std::unique_lock lock(mutex_);
    ending_ = true;
    ender_ = pthread_self();
    changed_.wait_for(lock, kLongest, [this] { return count_ == 0; });
  }
  /// Whether this thread is to leave.
  [[nodiscard]] bool ending() {
    const std::lock_guard lock(mutex_);
    return is_over();
  }
  /// In a child of fork: of all threads it has the one that forked.
  void forget() {
    new (&mutex_) std::mutex;
    new (&changed_) std::condition_variable;
    count_ = depth();
  }

 private:
  static constexpr std::chrono::seconds kLongest{5};

  /// Of this thread: C++ may call Python, and that C++.
  static std::size_t& depth() {
    thread_local std::size_t own = 0;
    return own;
  }
  [[nodiscard]] bool is_over() const { return ending_ && !pthread_equal(pthread_self(), ender_); }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  bool ending_ = false;
  pthread_t ender_{};
};

/// Once, when a module is made.
inline void watch_the_end() {
  ::pthread_atfork(nullptr, nullptr, [] { Inside::all().forget(); });
  pybind11::module_::import("atexit").attr("register")(pybind11::cpp_function([] {
    const pybind11::gil_scoped_release release;
    Inside::all().end();
  }));
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
    Enter() { without_gil::Inside::all().enter(); }
  };
  struct Leave {
    ~Leave() { without_gil::Inside::all().leave(); }
  };
  // The last to be made waits without the GIL; the last to go has it again.
  Leave leave_;
  pybind11::gil_scoped_release release_;
  Enter enter_;
};
