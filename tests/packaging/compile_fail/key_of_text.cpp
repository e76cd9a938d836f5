// must not compile: constraint|no matching function
#include <string>

#include <tamis/rank/dedup.hpp>

#ifdef CONTROL
int key(std::size_t index) { return static_cast<int>(index % 3); }
#else
int key(const std::string& text) { return static_cast<int>(text.size()); }
#endif
tamis::Deduplicated unique(const tamis::Ranking& ranking) {
  return tamis::deduplicate(ranking, key);
}
