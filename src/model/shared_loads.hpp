// model/shared_loads.hpp: what is loaded already, or is being loaded, is not loaded again.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace tamis {

/// Loaded objects by key, for as long as somebody holds them. Any number of threads.
template <typename T>
class SharedLoads {
 public:
  using Shared = std::shared_ptr<const T>;

  /// The object of `key`: the one that is alive, else `load()`. Who asks while another loads it
  /// waits for that one; what `load` throws goes to its own caller, and the next one tries anew.
  template <typename Load>
  [[nodiscard]] Shared get(const std::string& key, Load&& load) {
    const std::shared_ptr<Slot> slot = slot_of(key);
    const std::scoped_lock lock(slot->mutex);
    if (Shared alive = slot->object.lock()) return alive;
    Shared fresh = std::forward<Load>(load)();
    slot->object = fresh;
    return fresh;
  }

 private:
  struct Slot {
    std::mutex mutex;  // held while loading
    std::weak_ptr<const T> object;
  };

  std::shared_ptr<Slot> slot_of(const std::string& key) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(slots_, [](const auto& entry) {
      if (entry.second.use_count() != 1) return false;
      // Nobody can hold it any more; taking it makes visible what its last holder wrote.
      const std::scoped_lock free(entry.second->mutex);
      return entry.second->object.expired();
    });
    auto& slot = slots_[key];
    if (!slot) slot = std::make_shared<Slot>();
    return slot;
  }

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Slot>> slots_;
};

}  // namespace tamis
