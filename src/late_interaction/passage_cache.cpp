// late_interaction/passage_cache.cpp
#include "late_interaction/passage_cache.hpp"

#include "late_interaction/token_rows.hpp"

namespace tamis {

std::optional<EncodedPassage> PassageCache::find(std::string_view text) {
  const std::scoped_lock lock(mutex_);
  const auto found = by_text_.find(text);
  if (found == by_text_.end()) return std::nullopt;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->passage;
}

void PassageCache::keep(std::string_view text, const EncodedPassage& passage) {
  Entry entry{std::string(text), passage};
  const std::size_t more = bytes_of(entry);
  const std::scoped_lock lock(mutex_);
  if (more > limit_ || by_text_.contains(text)) return;
  entries_.push_front(std::move(entry));
  by_text_.emplace(entries_.front().text, entries_.begin());
  bytes_ += more;
  while (bytes_ > limit_) {
    bytes_ -= bytes_of(entries_.back());
    by_text_.erase(entries_.back().text);
    entries_.pop_back();
  }
}

std::size_t PassageCache::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

std::size_t PassageCache::bytes_of(const Entry& entry) const {
  constexpr std::size_t kBookkeeping = 128;  // list and table nodes, about
  return entry.text.size() + entry.passage.count * row_bytes(width_) + kBookkeeping;
}

}  // namespace tamis
