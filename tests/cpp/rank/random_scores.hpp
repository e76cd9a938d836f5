// Scores with many ties, and rankings of them, from a seed.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include <tamis/rank/top_k.hpp>

namespace tamis::test {

inline std::vector<float> random_scores(unsigned seed, std::size_t count, unsigned values = 8) {
  std::mt19937 random(seed);
  std::vector<float> scores(count);
  for (float& score : scores) score = static_cast<float>(random() % values) / 2.0F - 1.0F;
  return scores;
}

inline Ranking random_ranking(unsigned seed, std::size_t count, unsigned values = 8) {
  return rank_scores(random_scores(seed, count, values));
}

}  // namespace tamis::test
