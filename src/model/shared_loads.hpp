// model/shared_loads.hpp: what is loaded already, or is being loaded, is not loaded again.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "parallel/per_process.hpp"

namespace tamis {

/// Loaded objects by key, for as long as somebody holds them. Any number of threads; a child of
/// fork goes on with what was loaded before.
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

  struct State {
    std::mutex mutex;
    std::map<std::string, std::shared_ptr<Slot>> slots;

    /// What no thread was about to change when the process was forked.
    void adopt(State& parents) {
      const std::unique_lock lock(parents.mutex, std::try_to_lock);
      if (!lock) return;
      for (const auto& [key, slot] : parents.slots) {
        const std::unique_lock free(slot->mutex, std::try_to_lock);
        if (!free) continue;
        auto copy = std::make_shared<Slot>();
        copy->object = slot->object;
        slots.emplace(key, std::move(copy));
      }
    }
  };

  std::shared_ptr<Slot> slot_of(const std::string& key) {
    State& own = states_.here();
    const std::scoped_lock lock(own.mutex);
    std::erase_if(own.slots, [](const auto& entry) {
      if (entry.second.use_count() != 1) return false;
      // Nobody can hold it any more; taking it makes visible what its last holder wrote.
      const std::scoped_lock free(entry.second->mutex);
      return entry.second->object.expired();
    });
    auto& slot = own.slots[key];
    if (!slot) slot = std::make_shared<Slot>();
    return slot;
  }

  PerProcess<State> states_;
};

}  // namespace tamis
