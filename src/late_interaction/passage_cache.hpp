// late_interaction/passage_cache.hpp: the passages that were used last, by their text.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "late_interaction/passage_contents.hpp"

namespace tamis {

/// Any number of threads. Texts are kept whole, so that two with one hash are not confused.
class PassageCache {
 public:
  PassageCache(std::size_t limit, std::size_t width) : limit_(limit), width_(width) {}

  [[nodiscard]] std::optional<EncodedPassage> find(std::string_view text);

  /// Those that were used longest ago go when the limit is passed.
  void keep(std::string_view text, const EncodedPassage& passage);

  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    std::string text;
    EncodedPassage passage;
  };
  [[nodiscard]] std::size_t bytes_of(const Entry& entry) const;

  mutable std::mutex mutex_;
  std::size_t limit_;
  std::size_t width_;
  std::size_t bytes_ = 0;
  std::list<Entry> entries_;                                                  // last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;  // views into entries_
};

}  // namespace tamis
