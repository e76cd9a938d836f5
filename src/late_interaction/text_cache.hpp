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

namespace tamis {

/// Any number of threads. Texts are kept whole, so that two with one hash are not confused.
template <typename Value>
class TextCache {
 public:
  /// `limit`: bytes of all texts and values.
  explicit TextCache(std::size_t limit) : limit_(limit) {}

  [[nodiscard]] std::optional<Value> find(std::string_view text) {
    const std::scoped_lock lock(mutex_);
    const auto found = by_text_.find(text);
    if (found == by_text_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->value;
  }

  /// `bytes`: of the value. Those that were used longest ago go when the limit is passed.
  void keep(std::string_view text, Value value, std::size_t bytes) {
    Entry entry{std::string(text), std::move(value), text.size() + bytes + kBookkeeping};
    const std::scoped_lock lock(mutex_);
    if (entry.bytes > limit_ || by_text_.contains(text)) return;
    bytes_ += entry.bytes;
    entries_.push_front(std::move(entry));
    by_text_.emplace(entries_.front().text, entries_.begin());
    while (bytes_ > limit_) {
      bytes_ -= entries_.back().bytes;
      by_text_.erase(entries_.back().text);
      entries_.pop_back();
    }
  }

  [[nodiscard]] std::size_t bytes() const {
    const std::scoped_lock lock(mutex_);
    return bytes_;
  }

 private:
  static constexpr std::size_t kBookkeeping = 128;  // list and table nodes, about

  struct Entry {
    std::string text;
    Value value;
    std::size_t bytes;
  };

  mutable std::mutex mutex_;
  std::size_t limit_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;  // last used first
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> by_text_;  // views
};

}  // namespace tamis
