// parallel/watch.hpp: long work that its caller can stop at any of its steps.
#pragma once

#include <chrono>
#include <functional>

namespace tamis {

/// How often a caller is asked; far under a second, so that Ctrl-C answers at once.
inline constexpr std::chrono::milliseconds kAskEvery{50};

/// Runs `work` in this thread. While it goes on, `ask` is called here every kAskEvery or so, at its
/// checkpoints and where it waits for other threads. What `ask` throws ends the work, in the
/// threads of its parallel_for too, and is rethrown.
void watched(const std::function<void()>& work, const std::function<void()>& ask);

/// A step of work is about to begin. Throws where the caller has stopped it. As `ask` may call
/// anything, no buffer of the thread's may be in use here; nor where parallel_for is called.
void checkpoint();

class Watch;

/// Whose work this thread does: its own caller's, or nobody's who watches.
[[nodiscard]] Watch* current_watch() noexcept;

/// Works for `watch`, or with nullptr for nobody, while it lives.
class WorkingFor {
 public:
  explicit WorkingFor(Watch* watch) noexcept;
  ~WorkingFor();
  WorkingFor(const WorkingFor&) = delete;
  WorkingFor& operator=(const WorkingFor&) = delete;

 private:
  Watch* before_;
};

}  // namespace tamis
