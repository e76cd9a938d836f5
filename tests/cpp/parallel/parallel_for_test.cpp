#include "parallel/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "support/catch.hpp"

namespace {

/// Sets the number of threads for one test.
class Threads {
 public:
  explicit Threads(std::size_t count) : before_(tamis::num_threads()) {
    tamis::set_num_threads(count);
  }
  ~Threads() { tamis::set_num_threads(before_); }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

 private:
  std::size_t before_;
};

std::ptrdiff_t threads_of_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
}

/// The most threads that were ever between enter() and leave() at once.
struct Crowd {
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  void enter() {
    const int here = ++now;
    int seen = most.load();
    while (here > seen && !most.compare_exchange_weak(seen, here)) {
    }
  }
  void leave() { --now; }
};

}  // namespace

TEST_CASE("every index is worked on once, whatever the number of threads") {
  for (const std::size_t threads : {1, 2, 3, 7}) {
    const Threads set(threads);
    for (const std::size_t count : {0, 1, 2, 5, 1000}) {
      std::vector<std::atomic<int>> calls(count);
      tamis::parallel_for(count, [&](std::size_t i) { ++calls[i]; });
      CHECK(std::all_of(calls.begin(), calls.end(), [](const auto& n) { return n == 1; }));
    }
  }
}

TEST_CASE("a nested call runs in its own thread") {
  const Threads set(3);
  std::atomic<int> sum{0};
  std::atomic<int> inside{0};
  tamis::parallel_for(8, [&](std::size_t) {
    const auto thread = std::this_thread::get_id();
    inside += tamis::inside_parallel_for() ? 1 : 0;
    tamis::parallel_for(
        8, [&](std::size_t) { sum += std::this_thread::get_id() == thread ? 1 : 1000; });
  });
  CHECK(inside == 8);
  CHECK(sum == 64);
  CHECK_FALSE(tamis::inside_parallel_for());
}

TEST_CASE("many callers share the threads that are allowed") {
  const Threads set(2);
  Crowd crowd;
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        tamis::parallel_for(5, [&](std::size_t) {
          crowd.enter();
          std::this_thread::sleep_for(std::chrono::microseconds(50));
          crowd.leave();
          ++done;
        });
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(done == 8 * 20 * 5);
  CHECK(crowd.most <= 2);
}

TEST_CASE("where there are as many callers as places, they leave the work to others") {
  const Threads set(2);
  std::atomic<int> begun{0};
  std::atomic<bool> over{false};
  // One place is taken until the other caller's work is done.
  std::thread first([&] {
    tamis::parallel_for(1, [&](std::size_t) {
      ++begun;
      while (!over) std::this_thread::yield();
    });
  });
  while (begun == 0) std::this_thread::yield();
  std::atomic<int> own{0};
  tamis::parallel_for(20, [&, caller = std::this_thread::get_id()](std::size_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    own += std::this_thread::get_id() == caller ? 1 : 0;
  });
  over = true;
  first.join();
  CHECK(own == 0);
}

TEST_CASE("a small call does not wait until a large one has ended") {
  const Threads set(2);
  constexpr int kItems = 20'000;  // of a millisecond each: ten seconds, if they came first
  std::atomic<int> begun{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> large;
  for (int caller = 0; caller < 3; ++caller) {
    large.emplace_back([&] {
      tamis::parallel_for(kItems, [&](std::size_t) {
        ++begun;
        if (!over) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      });
    });
  }
  while (begun == 0) std::this_thread::yield();
  tamis::parallel_for(2, [](std::size_t) {});
  const int before = begun;
  over = true;
  for (std::thread& caller : large) caller.join();
  CHECK(begun == 3 * kItems);
  CHECK(before < kItems);
}

TEST_CASE("callers with equally much to do are served in turn") {
  const Threads set(2);
  constexpr int kItems = 400;
  std::atomic<int> done[2] = {0, 0};
  std::atomic<int> waiting{0};
  std::atomic<int> least{kItems};
  std::vector<std::thread> callers;
  for (const int caller : {0, 1}) {
    callers.emplace_back([&, caller] {
      ++waiting;
      while (waiting < 2) std::this_thread::yield();
      tamis::parallel_for(kItems, [&, caller](std::size_t) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
        ++done[caller];
      });
      least = std::min(least.load(), done[1 - caller].load());
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(least > kItems / 4);
}

TEST_CASE("the first exception reaches the caller and the pool goes on") {
  const Threads set(3);
  for (int round = 0; round < 50; ++round) {
    CHECK_THROWS_AS(tamis::parallel_for(100,
                                        [](std::size_t i) {
                                          if (i % 10 == 3) throw std::runtime_error("no");
                                        }),
                    std::runtime_error);
  }
  std::atomic<int> calls{0};
  tamis::parallel_for(100, [&](std::size_t) { ++calls; });
  CHECK(calls == 100);
}

TEST_CASE("10,000 calls make no thread") {
  const Threads set(3);
  tamis::parallel_for(8, [](std::size_t) {});
  const auto before = threads_of_process();
  for (int call = 0; call < 10000; ++call) tamis::parallel_for(4, [](std::size_t) {});
  CHECK(threads_of_process() == before);
}

// ThreadSanitizer does not follow a child that makes threads.
#ifndef __SANITIZE_THREAD__
TEST_CASE("a child has a pool of its own after fork") {
  const Threads set(3);
  std::atomic<bool> stop{false};
  // The pool is at work, its mutex perhaps held, while the process forks.
  std::thread busy([&] {
    while (!stop) tamis::parallel_for(16, [](std::size_t) {});
  });
  for (int round = 0; round < 10; ++round) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      alarm(20);  // a deadlock ends as a failure
      std::atomic<int> calls{0};
      tamis::parallel_for(100, [&](std::size_t) { ++calls; });
      _exit(calls == 100 ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
  }
  stop = true;
  busy.join();
}
#endif

TEST_CASE("no threads is an error") {
  CHECK_THROWS_AS(tamis::set_num_threads(0), tamis::InvalidArgument);
  CHECK_THROWS_AS(tamis::set_num_threads(1'000'000), tamis::InvalidArgument);
  CHECK(tamis::num_threads() >= 1);
}
