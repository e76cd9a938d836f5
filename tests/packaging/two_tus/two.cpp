#include "everything.hpp"

int main() {
  const std::vector<float> scores = {0.5F, 2.0F, 1.0F};
  const auto here =
      tamis::reciprocal_rank_fusion(std::vector<tamis::Ranking>{tamis::rank_scores(scores)});
  return best(scores) == 1 && here.front().index == 1 ? 0 : 1;
}
