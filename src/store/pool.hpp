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

#include "parallel/per_process.hpp"
#include "store/waiting.hpp"

namespace tamis::store {

/// Thrown by a use: the server is gone, or was restarted.
struct ConnectionLost : RetrievalError {
  using RetrievalError::RetrievalError;
};

/// A child of fork has connections of its own.
template <typename Connection>
class Pool {
 public:
  using Open = std::function<std::unique_ptr<Connection>(const Waiting&)>;

  Pool(std::size_t most, Open open)
      : most_(std::max<std::size_t>(most, 1)), open_(std::move(open)) {}

  /// What `use(connection)` returns. A connection on which it throws is closed; when it had been
  /// open before and turns out to be lost (the server was restarted), another is tried.
  template <typename Use>
  auto with(const Waiting& waiting, const Use& use) {
    State& state = states_.here();
    const Place place(state, most_, waiting);
    while (std::unique_ptr<Connection> connection = state.take_idle()) {
      try {
        return used(state, std::move(connection), use);
      } catch (const ConnectionLost&) {
        waiting.check();
      }
    }
    return used(state, open_(waiting), use);
  }

  /// A connection that nobody uses.
  void add(std::unique_ptr<Connection> connection) { states_.here().add(std::move(connection)); }

 private:
  struct State {
    std::unique_ptr<Connection> take_idle() {
      const std::lock_guard lock(mutex);
      if (idle.empty()) return nullptr;
      std::unique_ptr<Connection> connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
    void add(std::unique_ptr<Connection> connection) {
      const std::lock_guard lock(mutex);
      idle.push_back(std::move(connection));
    }

    std::mutex mutex;
    std::condition_variable freed;
    std::size_t in_use = 0;
    std::vector<std::unique_ptr<Connection>> idle;
  };

  /// The right to have a connection.
  class Place {
   public:
    Place(State& state, std::size_t most, const Waiting& waiting) : state_(state) {
      while (true) {
        waiting.check();  // the caller's code: without the lock
        std::unique_lock lock(state_.mutex);
        if (state_.in_use < most) {
          ++state_.in_use;
          return;
        }
        const std::chrono::duration<double, std::milli> sleep(waiting.sleep_ms());
        state_.freed.wait_for(lock, sleep);
      }
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
      const std::lock_guard lock(state_.mutex);
      --state_.in_use;
      state_.freed.notify_one();
    }

   private:
    State& state_;
  };

  template <typename Use>
  static auto used(State& state, std::unique_ptr<Connection> connection, const Use& use) {
    auto result = use(*connection);
    state.add(std::move(connection));
    return result;
  }

  const std::size_t most_;
  Open open_;
  PerProcess<State> states_;
};

}  // namespace tamis::store
