// text/byte_trie.cpp
#include "text/byte_trie.hpp"

#include <algorithm>
#include <span>

namespace tamis {
namespace {

using Entry = std::pair<std::string_view, std::int32_t>;

/// The units of a double array that are free, as a list in order of place.
class FreeList {
 public:
  /// The least base at which every one of `labels` (sorted) is free.
  std::uint32_t find_base(std::span<const unsigned char> labels) {
    for (std::uint32_t at = next(0);; at = next(at)) {
      if (at <= labels.front()) continue;
      const std::uint32_t base = at - labels.front();
      grow(base + 512);
      if (std::all_of(labels.begin() + 1, labels.end(),
                      [&](unsigned char label) { return !taken(base + label); })) {
        return base;
      }
      // A region where many children do not fit is left to smaller families only for a while.
      if (++misses_[at] > kPatience) take(at);
    }
  }

  void take(std::uint32_t at) {
    grow(at + 512);
    if (taken(at)) return;
    next_[previous_[at]] = next_[at];
    if (next_[at] != 0) previous_[next_[at]] = previous_[at];
    if (last_ == at) last_ = previous_[at];
    taken_[at] = 1;
  }

  [[nodiscard]] std::size_t size() const { return taken_.size(); }

 private:
  static constexpr unsigned char kPatience = 8;

  // Unit 0 is the root and the list's head.
  std::uint32_t next(std::uint32_t at) {
    if (next_[at] == 0) grow(size() * 2);
    return next_[at];
  }
  [[nodiscard]] bool taken(std::uint32_t at) const { return taken_[at] != 0; }

  void grow(std::size_t to) {
    if (to <= size()) return;
    std::size_t at = size();
    to = std::max(to, size() * 3 / 2);
    taken_.resize(to, 0);
    misses_.resize(to, 0);
    next_.resize(to, 0);
    previous_.resize(to, 0);
    for (; at < to; ++at) {
      next_[last_] = static_cast<std::uint32_t>(at);
      previous_[at] = last_;
      last_ = static_cast<std::uint32_t>(at);
    }
  }

  std::vector<unsigned char> taken_{1};
  std::vector<unsigned char> misses_{0};
  std::vector<std::uint32_t> next_{0};
  std::vector<std::uint32_t> previous_{0};
  std::uint32_t last_ = 0;
};

/// Keys [begin, end) share their first `depth` bytes and stand below `node`.
struct Task {
  std::uint32_t node;
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

}  // namespace

ByteTrie::ByteTrie(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.first < b.first; });
  FreeList free;
  std::vector<Task> tasks{{kRoot, 0, entries.size(), 0}};
  std::vector<unsigned char> labels;
  std::vector<std::size_t> begins;
  while (!tasks.empty()) {
    auto [node, begin, end, depth] = tasks.back();
    tasks.pop_back();
    for (; begin < end && entries[begin].first.size() == depth; ++begin) {
      units_[node].value = entries[begin].second;  // sorted stably: the last one stays
    }
    if (begin == end) continue;
    labels.clear();
    begins.clear();
    for (std::size_t i = begin; i < end; ++i) {
      const auto label = static_cast<unsigned char>(entries[i].first[depth]);
      if (!labels.empty() && labels.back() == label) continue;
      labels.push_back(label);
      begins.push_back(i);
    }
    begins.push_back(end);
    const std::uint32_t base = free.find_base(labels);
    if (units_.size() < base + 512)
      units_.resize(std::max<std::size_t>(base + 512, units_.size() * 3 / 2));
    units_[node].base = base;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::uint32_t child = base + labels[i];
      free.take(child);
      units_[child].parent = node;
      tasks.push_back({child, begins[i], begins[i + 1], depth + 1});
    }
  }
  units_.shrink_to_fit();
}

}  // namespace tamis
