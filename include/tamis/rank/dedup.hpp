// tamis/rank/dedup.hpp: one hit for each group of equal documents.
//
//   auto unique = tamis::deduplicate(ranking, [&](std::size_t i) { return passages[i]; });
//   use(unique.ranking);      // unique.merged says which index went into which
#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include <tamis/rank/ranking.hpp>

namespace tamis {

struct Merged {
  std::size_t index = 0;  ///< the duplicate, an index into the caller's documents
  std::size_t into = 0;   ///< the hit that stands for it

  friend bool operator==(const Merged&, const Merged&) = default;
};

/// What is left and what went where: nothing disappears unsaid.
struct Deduplicated {
  Ranking ranking;
  std::vector<Merged> merged;  ///< in ranking order
};

/// Keeps the best hit of every group of hits with an equal key; the order stays.
///
/// `key_of(index)` gives a hashable value: the document's text, its id, its parent's id.
/// deduplicate(deduplicate(r).ranking) changes nothing.
template <typename KeyOf>
requires std::is_invocable_v<KeyOf&, std::size_t>
[[nodiscard]] Deduplicated deduplicate(const Ranking& ranking, KeyOf key_of) {
  using Key = std::remove_cvref_t<std::invoke_result_t<KeyOf&, std::size_t>>;
  std::unordered_map<Key, std::size_t> first;
  first.reserve(ranking.size());
  Deduplicated unique;
  unique.ranking.reserve(ranking.size());
  for (const Hit& hit : ranking) {
    const auto [entry, fresh] = first.emplace(std::invoke(key_of, hit.index), hit.index);
    if (fresh) {
      unique.ranking.push_back(hit);
    } else {
      unique.merged.push_back({hit.index, entry->second});
    }
  }
  return unique;
}

}  // namespace tamis
