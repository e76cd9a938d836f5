// cross_encoder/unique_pairs.cpp
#include "cross_encoder/unique_pairs.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>
#include <unordered_map>

namespace tamis {
namespace {

struct PairHash {
  std::size_t operator()(const TextPair& pair) const noexcept {
    const std::hash<std::string_view> hash;
    const std::size_t query = hash(pair.query);
    return query ^ (hash(pair.document) + 0x9e3779b97f4a7c15ULL + (query << 6U) + (query >> 2U));
  }
};

struct PairEqual {
  bool operator()(const TextPair& left, const TextPair& right) const noexcept {
    return left.query == right.query && left.document == right.document;
  }
};

std::size_t bytes(const TextPair& pair) { return pair.query.size() + pair.document.size(); }

}  // namespace

UniquePairs unique_pairs(std::span<const TextPair> pairs) {
  UniquePairs unique;
  unique.index_of.reserve(pairs.size());
  std::unordered_map<TextPair, std::uint32_t, PairHash, PairEqual> seen;
  seen.reserve(pairs.size());
  for (const TextPair& pair : pairs) {
    const auto [entry, fresh] = seen.emplace(pair, static_cast<std::uint32_t>(unique.pairs.size()));
    if (fresh) unique.pairs.push_back(pair);
    unique.index_of.push_back(entry->second);
  }
  std::vector<std::uint32_t> order(unique.pairs.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t left, std::uint32_t right) {
    return bytes(unique.pairs[left]) > bytes(unique.pairs[right]);
  });
  std::vector<TextPair> sorted;
  std::vector<std::uint32_t> place(order.size());
  sorted.reserve(order.size());
  for (const std::uint32_t index : order) {
    place[index] = static_cast<std::uint32_t>(sorted.size());
    sorted.push_back(unique.pairs[index]);
  }
  for (std::uint32_t& index : unique.index_of) index = place[index];
  unique.pairs = std::move(sorted);
  return unique;
}

std::vector<std::size_t> group_ends(std::span<const TextPair> pairs, std::size_t max_pairs,
                                    std::size_t max_bytes) {
  std::vector<std::size_t> ends;
  std::size_t begin = 0;
  std::size_t held = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const std::size_t more = bytes(pairs[i]);
    if (i > begin && (i - begin >= max_pairs || held + more > max_bytes)) {
      ends.push_back(i);
      begin = i;
      held = 0;
    }
    held += more;
  }
  if (!pairs.empty()) ends.push_back(pairs.size());
  return ends;
}

}  // namespace tamis
