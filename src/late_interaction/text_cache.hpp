// late_interaction/text_cache.hpp: what was made of the texts that were used last.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "parallel/per_process.hpp"

namespace tamis {

/// Any number of threads. Texts are kept whole, so that two with one hash are not confused. A child
/// of fork goes on with what its parent kept.
template <typename Value>
class TextCache {
 public:
  /// `limit`: bytes of all texts and values.
  explicit TextCache(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] std::optional<Value> find(std::string_view text) {
    State& own = states_.here();
    const std::scoped_lock lock(own.mutex);
    const auto found = own.by_text.find(text);
    if (found == own.by_text.end()) return std::nullopt;
    own.entries.splice(own.entries.begin(), own.entries, found->second);
    return found->second->value;
  }

  /// `bytes`: of the value. Those that were used longest ago go when the limit is passed.
  void keep(std::string_view text, Value value, std::size_t bytes) {
    Entry entry{std::string(text), std::move(value), text.size() + bytes + kBookkeeping};
    State& own = states_.here();
    const std::scoped_lock lock(own.mutex);
    if (entry.bytes > limit_ || own.by_text.contains(text)) return;
    own.bytes += entry.bytes;
    own.entries.push_front(std::move(entry));
    own.by_text.emplace(own.entries.front().text, own.entries.begin());
    while (own.bytes > limit_) {
      own.bytes -= own.entries.back().bytes;
      own.by_text.erase(own.entries.back().text);
      own.entries.pop_back();
    }
  }

  [[nodiscard]] std::size_t bytes() const {
    State& own = states_.here();
    const std::scoped_lock lock(own.mutex);
    return own.bytes;
  }

 private:
  static constexpr std::size_t kBookkeeping = 128;  // list and table nodes, about

  struct Entry {
    std::string text;
    Value value;
    std::size_t bytes;
  };

  struct State {
    std::mutex mutex;
    std::size_t bytes = 0;
    std::list<Entry> entries;  // last used first
    std::unordered_map<std::string_view, typename std::list<Entry>::iterator> by_text;  // views

    void adopt(State& parents) {
      const std::unique_lock lock(parents.mutex, std::try_to_lock);
      if (!lock) return;
      bytes = std::exchange(parents.bytes, 0);
      entries.swap(parents.entries);
      by_text.swap(parents.by_text);
    }
  };

  std::size_t limit_;
  mutable PerProcess<State> states_;
};

}  // namespace tamis
