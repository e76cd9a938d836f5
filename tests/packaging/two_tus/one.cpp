#include "everything.hpp"

std::size_t best(const std::vector<float>& scores) {
  return tamis::reciprocal_rank_fusion(std::vector<tamis::Ranking>{tamis::rank_scores(scores)})
      .front()
      .index;
}
