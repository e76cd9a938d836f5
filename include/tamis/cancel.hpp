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
  CancelToken() : flag_(std::make_shared<std::atomic<bool>>(false)) {}

  void cancel() noexcept { flag_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool cancelled() const noexcept { return flag_->load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace tamis
