// store/pool.hpp: connections that threads share, each used by one at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <unistd.h>

#include "store/waiting.hpp"

namespace tamis::store {

/// Thrown by a use: the server is gone, or was restarted.
struct ConnectionLost : RetrievalError {
  using RetrievalError::RetrievalError;
};

template <typename Connection>
class Pool {
 public:
  using Open = std::function<std::unique_ptr<Connection>(const Waiting&)>;

  Pool(std::size_t most, Open open)
      : most_(std::max<std::size_t>(most, 1)), free_(most_), open_(std::move(open)) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { leave_to_the_parent(); }

  /// What `use(connection)` returns. A connection on which it throws is closed; when it had been
  /// open before and turns out to be lost (the server was restarted), another is tried.
  template <typename Use>
  auto with(const Waiting& waiting, const Use& use) {
    const Place place(*this, waiting);
    while (std::unique_ptr<Connection> connection = take_idle()) {
      try {
        return used(std::move(connection), use);
      } catch (const ConnectionLost&) {
        waiting.check();
      }
    }
    return used(open_(waiting), use);
  }

  /// A connection that nobody uses.
  void add(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }

 private:
  /// The right to have a connection.
  class Place {
   public:
    Place(Pool& pool, const Waiting& waiting) : pool_(pool) {
      std::unique_lock lock(pool_.mutex_);
      pool_.leave_to_the_parent();
      while (true) {
        waiting.check();
        if (pool_.free_ > 0) break;
        const std::chrono::duration<double, std::milli> sleep(waiting.sleep_ms());
        pool_.freed_.wait_for(lock, sleep);
      }
      --pool_.free_;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      const std::lock_guard lock(pool_.mutex_);
      ++pool_.free_;
      pool_.freed_.notify_one();
    }

   private:
    Pool& pool_;
  };

  /// After a fork, open connections are the parent's: to close them would end them for it.
  void leave_to_the_parent() {
    if (owner_ == ::getpid()) return;
    for (std::unique_ptr<Connection>& connection : idle_) (void)connection.release();
    idle_.clear();
    free_ = most_;
    owner_ = ::getpid();
  }

  std::unique_ptr<Connection> take_idle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
  }

  template <typename Use>
  auto used(std::unique_ptr<Connection> connection, const Use& use) {
    auto result = use(*connection);
    add(std::move(connection));
    return result;
  }

  std::mutex mutex_;
  std::condition_variable freed_;
  const std::size_t most_;
  std::size_t free_;
  pid_t owner_ = ::getpid();
  std::vector<std::unique_ptr<Connection>> idle_;
  Open open_;
};

}  // namespace tamis::store
