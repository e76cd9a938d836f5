// late_interaction/unique_texts.hpp: the different texts of a call.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tamis {

struct UniqueTexts {
  explicit UniqueTexts(std::span<const std::string_view> all) {
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto [entry, fresh] = seen.emplace(all[i], texts.size());
      if (fresh) {
        texts.push_back(all[i]);
        first.push_back(i);
      }
      index_of.push_back(entry->second);
    }
  }
  std::vector<std::string_view> texts;
  std::vector<std::size_t> first;     ///< [texts], index into the caller's
  std::vector<std::size_t> index_of;  ///< [caller's texts], index into `texts`
};

}  // namespace tamis
