// examples/cpp/005_metrics.cpp: fuse two rankings and see whether it helped. Needs tamis::core
// only.
#include <cstddef>
#include <vector>

#include <fmt/format.h>

#include <tamis/eval/metrics.hpp>
#include <tamis/rank/fusion.hpp>
#include <tamis/rank/top_k.hpp>

int main() {
  // What two retrievers think of the same six passages, and what a judge thinks (0 to 3).
  const std::vector<float> bm25 = {7.1F, 0.0F, 6.9F, 3.2F, 1.0F, 2.5F};
  const std::vector<float> dense = {0.31F, 0.72F, 0.80F, 0.10F, 0.65F, 0.20F};
  const std::vector<int> grades = {0, 2, 3, 0, 1, 0};

  const auto quality = [&](const tamis::Ranking& ranking) {
    std::vector<int> ranked;
    for (const tamis::Hit& hit : ranking) ranked.push_back(grades[hit.index]);
    return tamis::ndcg(ranked, grades, 10);
  };

  const std::vector<tamis::Ranking> rankings = {tamis::rank_scores(bm25),
                                                tamis::rank_scores(dense)};
  const tamis::Ranking fused = tamis::reciprocal_rank_fusion(rankings);
  const tamis::Ranking mixed = tamis::blend(rankings, {.weights = {0.3, 1.0}});

  fmt::print("nDCG@10  bm25 {:.3f}  dense {:.3f}  fused {:.3f}  blended {:.3f}\n",
             quality(rankings[0]), quality(rankings[1]), quality(fused), quality(mixed));
  return quality(mixed) >= quality(rankings[0]) ? 0 : 1;
}
