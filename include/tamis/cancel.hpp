// tamis/cancel.hpp: stops work from another thread.
//
//   tamis::CancelToken token;
//   std::thread waiter([token]() mutable { token.cancel(); });
//   model.predict(pairs, {.cancel = token});   // throws tamis::Cancelled
#pragma once

#include <atomic>
#include <memory>

namespace tamis {

/// Copies share one flag. Thread-safe.
class CancelToken {
 public:
  CancelToken() : flag_(std::make_shared<Flag>()) {}

  void cancel() noexcept {
    if (flag_ != nullptr) flag_->set.store(true, std::memory_order_relaxed);
  }
  [[nodiscard]] bool cancelled() const noexcept {
    for (const Flag* flag = flag_.get(); flag != nullptr; flag = flag->above.get()) {
      if (flag->set.load(std::memory_order_relaxed)) return true;
    }
    return false;
  }

  /// A token that is cancelled with this one, and can be without it: one call of several.
  [[nodiscard]] CancelToken child() const {
    CancelToken made;
    made.flag_->above = flag_;
    return made;
  }

 private:
  struct Flag {
    std::atomic<bool> set{false};
    std::shared_ptr<const Flag> above;
  };
  std::shared_ptr<Flag> flag_;
};

}  // namespace tamis
