// One load for all who ask for the same, and a new one once nobody holds it or it failed.
#include "model/shared_loads.hpp"

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"

using Loads = tamis::SharedLoads<int>;

namespace {

struct Counter {
  std::atomic<int> loads{0};

  std::shared_ptr<const int> operator()() {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return std::make_shared<const int>(++loads);
  }
};

}  // namespace

TEST_CASE("threads that ask at the same time load once") {
  Loads loads;
  Counter count;
  std::vector<Loads::Shared> found(16);
  std::vector<std::thread> threads;
  for (auto& each : found) {
    threads.emplace_back([&] { each = loads.get("model", [&] { return count(); }); });
  }
  for (auto& thread : threads) thread.join();
  CHECK(count.loads == 1);
  for (const auto& each : found) CHECK(each == found.front());
}

TEST_CASE("other keys are other objects, and what nobody holds is loaded again") {
  Loads loads;
  Counter count;
  const auto load = [&] { return count(); };
  auto first = loads.get("a", load);
  const auto second = loads.get("b", load);
  CHECK(count.loads == 2);
  CHECK(loads.get("a", load) == first);
  CHECK(count.loads == 2);
  first.reset();
  CHECK(*loads.get("a", load) == 3);
  CHECK(loads.get("b", load) == second);
}

TEST_CASE("a load that fails is tried again by the next") {
  Loads loads;
  const auto fail = []() -> Loads::Shared { throw std::runtime_error("no such model"); };
  CHECK_THROWS_AS(loads.get("a", fail), std::runtime_error);
  Counter count;
  CHECK(*loads.get("a", [&] { return count(); }) == 1);
}

// ThreadSanitizer does not follow a child that goes on with its parent's threads' locks.
#ifndef __SANITIZE_THREAD__
TEST_CASE("a child of fork loads what another thread was loading, and keeps what was loaded") {
  Loads loads;
  const auto kept = loads.get("kept", [] { return std::make_shared<const int>(1); });
  std::atomic<bool> begun{false};
  std::atomic<bool> go_on{false};
  std::thread other([&] {
    (void)loads.get("slow", [&] {
      begun = true;
      while (!go_on) std::this_thread::yield();
      return std::make_shared<const int>(2);
    });
  });
  while (!begun) std::this_thread::yield();
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    alarm(20);  // a deadlock ends as a failure
    const auto again = loads.get("kept", [] { return std::make_shared<const int>(3); });
    const auto own = loads.get("slow", [] { return std::make_shared<const int>(4); });
    _exit(again == kept && *own == 4 ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  go_on = true;
  other.join();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
