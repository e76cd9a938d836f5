// parallel/places.cpp
#include "parallel/places.hpp"

#ifdef __linux__
#include <pthread.h>
#include <sched.h>
#endif

namespace tamis {

#ifdef __linux__

void Places::avoid_this_processor(std::span<const std::thread::native_handle_type> workers) {
  const int here = sched_getcpu();
  if (here < 0 || (here == avoided_ && workers.size() == workers_)) return;
  cpu_set_t places;
  if (sched_getaffinity(0, sizeof(places), &places) != 0) return;  // more than fit into a set
  CPU_CLR(here, &places);
  if (static_cast<std::size_t>(CPU_COUNT(&places)) < workers.size()) {
    if (avoided_ < 0) return;
    CPU_SET(here, &places);  // too narrow now: as the caller may
  }
  for (const std::thread::native_handle_type worker : workers) {
    // Whether a sandbox refuses it does not matter: it is an advice.
    (void)pthread_setaffinity_np(worker, sizeof(places), &places);
  }
  avoided_ = CPU_ISSET(here, &places) != 0 ? -1 : here;
  workers_ = workers.size();
}

#else

void Places::avoid_this_processor(std::span<const std::thread::native_handle_type>) {}

#endif

}  // namespace tamis
