// tamis/remote/price.hpp: what a call costs.
#pragma once

#include <cmath>
#include <map>
#include <string>

#include <tamis/error.hpp>

namespace tamis {

/// US dollars.
struct Price {
  double per_search = 0;  ///< of a search unit
  double per_million_tokens = 0;
};

/// Throws InvalidArgument for one that is negative or not finite.
inline void require_price(const Price& price) {
  for (const double dollars : {price.per_search, price.per_million_tokens}) {
    if (dollars >= 0 && std::isfinite(dollars)) continue;
    raise<InvalidArgument>("a price must be 0 or more, got {}", dollars);
  }
}

/// By "service/model". A starting point and no more: remembered list prices of 2025, not checked
/// against the services' pages. Hand in what you pay.
[[nodiscard]] inline const std::map<std::string, Price>& list_prices() {
  static const std::map<std::string, Price> prices{
      {"cohere/rerank-v3.5", {.per_search = 0.002}},
      {"voyage/rerank-2.5", {.per_million_tokens = 0.05}},
      {"voyage/rerank-2.5-lite", {.per_million_tokens = 0.02}},
      {"voyage/rerank-2", {.per_million_tokens = 0.05}},
      {"voyage/rerank-2-lite", {.per_million_tokens = 0.02}},
  };
  return prices;
}

}  // namespace tamis
