// Workers keep off the processor of the thread that has work for them.
#ifdef __linux__

#include "parallel/places.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <pthread.h>
#include <sched.h>

#include "support/catch.hpp"

namespace {

cpu_set_t places_of(pthread_t thread) {
  cpu_set_t places;
  REQUIRE(pthread_getaffinity_np(thread, sizeof(places), &places) == 0);
  return places;
}

/// The calling thread may run on that processor alone, or wherever it may now.
void move_to(int processor) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  REQUIRE(sched_setaffinity(0, sizeof(one), &one) == 0);
}

}  // namespace

TEST_CASE("a worker may run wherever its caller may, but where the caller is") {
  const cpu_set_t all = places_of(pthread_self());
  std::atomic<bool> over{false};
  std::thread worker([&] {
    while (!over) std::this_thread::yield();
  });
  const std::vector handles{worker.native_handle()};
  tamis::Places places;
  for (int here = 0; here < CPU_SETSIZE && CPU_COUNT(&all) > 1; ++here) {
    if (CPU_ISSET(here, &all) == 0) continue;
    move_to(here);  // and stay there when more are allowed again
    REQUIRE(sched_setaffinity(0, sizeof(all), &all) == 0);
    const int before = sched_getcpu();
    places.avoid_this_processor(handles);
    if (before != sched_getcpu()) continue;  // moved meanwhile
    cpu_set_t expected = all;
    CPU_CLR(before, &expected);
    const cpu_set_t found = places_of(worker.native_handle());
    CHECK(CPU_EQUAL(&found, &expected));
  }
  // A caller with one processor: there is nowhere else, and the worker shares it.
  const int here = sched_getcpu();
  move_to(here);
  places = {};
  const cpu_set_t before = places_of(worker.native_handle());
  places.avoid_this_processor(handles);
  const cpu_set_t found = places_of(worker.native_handle());
  CHECK(CPU_EQUAL(&found, &before));
  REQUIRE(sched_setaffinity(0, sizeof(all), &all) == 0);
  over = true;
  worker.join();
}

#endif
