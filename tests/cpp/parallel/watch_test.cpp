// A caller is asked while its work goes on, wherever that is done, and stops all of it.
#include "parallel/watch.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "parallel/parallel_for.hpp"
#include "support/catch.hpp"

namespace {

using Clock = std::chrono::steady_clock;

/// Steps without end, as far as a test is concerned.
void work_on() {
  const auto end = Clock::now() + std::chrono::seconds(20);
  while (Clock::now() < end) {
    tamis::checkpoint();
    std::this_thread::yield();
  }
}

void stop() { throw std::runtime_error("stop"); }

}  // namespace

TEST_CASE("what the caller throws when it is asked ends the work in all threads") {
  tamis::set_num_threads(3);
  for (const std::size_t count : {1, 3, 9}) {
    std::atomic<int> ended{0};
    const auto work = [&](std::size_t) {
      work_on();
      ++ended;
    };
    CHECK_THROWS_WITH(tamis::watched([&] { tamis::parallel_for(count, work); }, stop), "stop");
    CHECK(ended == 0);
  }
}

TEST_CASE("a caller that only waits is asked too") {
  tamis::set_num_threads(2);
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> other{false};
  const auto work = [&](std::size_t) {
    if (std::this_thread::get_id() != caller) {
      other = true;
      work_on();
    }
    while (!other) std::this_thread::yield();  // the other item is not the caller's
  };
  CHECK_THROWS_WITH(tamis::watched([&] { tamis::parallel_for(2, work); }, stop), "stop");
}

TEST_CASE("the caller's words go before what they made of other errors") {
  const auto work = [] {
    try {
      work_on();
    } catch (const std::runtime_error&) {
      throw std::logic_error("torn down");
    }
  };
  CHECK_THROWS_WITH(tamis::watched(work, stop), "stop");
  CHECK_THROWS_WITH(tamis::watched([] { throw std::logic_error("mine"); }, stop), "mine");
}

TEST_CASE("nobody is asked where nobody watches, nor for what is nobody's work") {
  CHECK_NOTHROW(tamis::checkpoint());
  int asked = 0;
  tamis::watched(
      [&] {
        const tamis::WorkingFor nobody(nullptr);
        const auto end = Clock::now() + 3 * tamis::kAskEvery;
        while (Clock::now() < end) tamis::checkpoint();
      },
      [&] { ++asked; });
  CHECK(asked == 0);
  CHECK(tamis::current_watch() == nullptr);
}
