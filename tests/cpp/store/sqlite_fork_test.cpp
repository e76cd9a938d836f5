// A store of SQLite in the children of a process that searches.
#include <atomic>
#include <functional>
#include <latch>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <tamis/cascade/clock.hpp>

#include "store/sqlite_docs.hpp"
#include "support/message_of.hpp"

// ThreadSanitizer does not follow the child of a process with threads.
#ifndef __SANITIZE_THREAD__

using tamis::Deadline;
using tamis::SqliteOptions;
using tamis::Store;
using tamis::stores::sqlite;
using test::Docs;

namespace {

Deadline never() { return Deadline(std::make_shared<tamis::SteadyClock>()); }

/// Whether `work` is true in a child.
bool in_a_child(const std::function<bool()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a deadlock ends as a failure
    _exit(work() ? 0 : 1);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
         WEXITSTATUS(status) == 0;
}

/// Threads that search without end.
class Busy {
 public:
  Busy(const Store& store, std::string_view query, std::size_t count) {
    for (int i = 0; i < 4; ++i) {
      threads_.emplace_back([this, store, query, count] {
        while (!stop_) {
          if (store.search(query, count, never()).size() != count) ++wrong_;
        }
      });
    }
  }
  int stop() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
    return wrong_;
  }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> wrong_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("a child searches while its parent's threads are in the middle of searches") {
  const Docs docs;
  const auto [query, count] = GENERATE(std::pair("city", std::size_t{2}),  // microseconds
                                       std::pair("berlin", std::size_t{1000}));
  if (count > 2) docs.fill();  // a statement of many steps
  SqliteOptions options = docs.options();
  options.connection.timeout_ms = 300'000;  // forks interrupt it, and the machine may be busy
  const Store store = sqlite(options);
  Busy busy(store, query, count);
  int right = 0;
  for (int round = 0; round < 20; ++round) {
    right += in_a_child([&] {
      return store.search("bananas", 5, never()).size() == 1 &&
             sqlite(docs.options()).search("bananas", 5, never()).size() == 1;
    });
  }
  CHECK(right == 20);
  CHECK(busy.stop() == 0);  // what a fork interrupted was asked again
}

TEST_CASE("a child whose parent could not wait for a search is told so") {
  const Docs docs;
  docs.fill();
  std::latch inside(1);
  std::latch forked(1);
  std::atomic<int> calls = 0;
  const auto clock = std::make_shared<tamis::ManualClock>();
  SqliteOptions options = docs.options();
  options.connection.on_wait = [&] {
    clock->advance(tamis::from_milliseconds(25));
    if (++calls != 3) return;  // the first are before the statement
    inside.count_down();
    forked.wait();
  };
  const Store store = sqlite(options);
  std::size_t found = 0;
  std::thread searching([&] { found = store.search("berlin", 1000, Deadline(clock)).size(); });
  inside.wait();
  CHECK(in_a_child([&] {
    const std::string told = message_of<tamis::RetrievalError>(
        [&] { (void)sqlite(docs.options()).search("bananas", 1, never()); });
    return contains(told, "fork while no search is under way");
  }));
  forked.count_down();
  searching.join();
  CHECK(found == 1000);
}

#endif
