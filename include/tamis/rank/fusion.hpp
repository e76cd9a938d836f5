// tamis/rank/fusion.hpp: several rankings of the same documents -> one.
//
//   tamis::Ranking fused = tamis::reciprocal_rank_fusion(std::vector{bm25, dense});
//   tamis::Ranking mixed = tamis::blend(std::vector{reranked, bm25}, {.weights = {1.0, 0.3}});
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <unordered_map>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/rank/ranking.hpp>

namespace tamis {

/// How the scores of one ranking are made comparable with those of another.
enum class Normalization {
  none,
  z_score,  ///< (s - mean) / standard deviation (of the population); 0 where all are equal
  min_max,  ///< (s - min) / (max - min); 0 where all are equal
};

struct FusionOptions {
  double k = 60;                     ///< the larger, the less the first ranks stand out
  std::vector<double> weights = {};  ///< one per ranking; empty: all 1
};

struct BlendOptions {
  std::vector<double> weights = {};  ///< one per ranking; empty: all 1
  Normalization normalization = Normalization::z_score;
};

/// The normalised scores, in the ranking's order. Throws InvalidArgument for NaN and infinities.
[[nodiscard]] inline std::vector<double> normalized_scores(const Ranking& ranking,
                                                           Normalization normalization) {
  std::vector<double> scores;
  scores.reserve(ranking.size());
  for (const Hit& hit : ranking) {
    if (!std::isfinite(hit.score)) {
      raise<InvalidArgument>("document {} has the score {}, which cannot be normalised", hit.index,
                             hit.score);
    }
    scores.push_back(hit.score);
  }
  if (scores.empty() || normalization == Normalization::none) return scores;
  const auto [low, high] = std::minmax_element(scores.begin(), scores.end());
  double shift = *low;
  double scale = *high - *low;
  if (scale > 0 && normalization == Normalization::z_score) {
    const auto count = static_cast<double>(scores.size());
    double sum = 0;
    for (const double score : scores) sum += score;
    shift = sum / count;
    double squares = 0;
    for (const double score : scores) squares += (score - shift) * (score - shift);
    scale = std::sqrt(squares / count);
  }
  for (double& score : scores) score = scale > 0 ? (score - shift) / scale : 0.0;
  return scores;
}

namespace detail {

inline double weight_of(std::span<const double> weights, std::size_t ranking,
                        std::size_t rankings) {
  if (weights.empty()) return 1.0;
  if (weights.size() != rankings) {
    raise<InvalidArgument>("{} weights for {} rankings; give one each, or none", weights.size(),
                           rankings);
  }
  if (!std::isfinite(weights[ranking])) {
    raise<InvalidArgument>("weight {} is {}; it must be finite", ranking, weights[ranking]);
  }
  return weights[ranking];
}

// Sums shares[ranking][place] by document; a document that a ranking lacks gets its `absent` share.
inline Ranking sum_by_document(std::span<const Ranking> rankings,
                               const std::vector<std::vector<double>>& shares,
                               std::span<const double> absent) {
  double floor = 0;
  for (const double share : absent) floor += share;
  std::unordered_map<std::size_t, double> totals;
  std::unordered_map<std::size_t, std::size_t> last_seen;
  for (std::size_t r = 0; r < rankings.size(); ++r) {
    for (std::size_t place = 0; place < rankings[r].size(); ++place) {
      const std::size_t index = rankings[r][place].index;
      const auto [seen, fresh] = last_seen.try_emplace(index, r);
      if (!fresh && seen->second == r) {
        raise<InvalidArgument>("document {} occurs twice in ranking {}", index, r);
      }
      seen->second = r;
      totals.try_emplace(index, floor).first->second += shares[r][place] - absent[r];
    }
  }
  Ranking fused;
  fused.reserve(totals.size());
  for (const auto& [index, total] : totals) fused.push_back({index, static_cast<float>(total)});
  std::sort(fused.begin(), fused.end(), BestFirst{});
  return fused;
}

}  // namespace detail

/// Every document that occurs in a ranking, by the sum of weight / (k + rank), ranks from 1. Scores
/// are not looked at. Cormack, Clarke and Büttcher, "Reciprocal Rank Fusion outperforms Condorcet
/// and Individual Rank Learning Methods", SIGIR 2009, where k is 60.
/// Throws InvalidArgument for a document twice in one ranking, a negative k, a wrong weight count.
[[nodiscard]] inline Ranking reciprocal_rank_fusion(std::span<const Ranking> rankings,
                                                    const FusionOptions& options = {}) {
  if (!(options.k >= 0)) raise<InvalidArgument>("k is {}; it must be at least 0", options.k);
  std::vector<std::vector<double>> shares(rankings.size());
  for (std::size_t r = 0; r < rankings.size(); ++r) {
    const double weight = detail::weight_of(options.weights, r, rankings.size());
    for (std::size_t place = 0; place < rankings[r].size(); ++place) {
      shares[r].push_back(weight / (options.k + static_cast<double>(place + 1)));
    }
  }
  return detail::sum_by_document(rankings, shares, std::vector<double>(rankings.size(), 0.0));
}

/// Every document that occurs in a ranking, by 1 / its best rank: the first of each ranking, the
/// second of each, and so on, for a reranker that looks at all that any source found. Scores are
/// not looked at; ties by ascending index.
[[nodiscard]] inline Ranking rank_union(std::span<const Ranking> rankings) {
  std::unordered_map<std::size_t, std::size_t> best;
  for (const Ranking& ranking : rankings) {
    for (std::size_t place = 0; place < ranking.size(); ++place) {
      std::size_t& own = best.try_emplace(ranking[place].index, place).first->second;
      own = std::min(own, place);
    }
  }
  Ranking united;
  united.reserve(best.size());
  for (const auto& [index, place] : best) {
    united.push_back({index, 1.0F / static_cast<float>(place + 1)});
  }
  std::sort(united.begin(), united.end(), BestFirst{});
  return united;
}

/// Every document that occurs in a ranking, by the weighted sum of its normalised scores (CombSUM
/// of Fox and Shaw, "Combination of Multiple Searches", TREC-2, 1993). A ranking counts a document
/// it lacks as its own worst. Throws InvalidArgument as the functions above do.
[[nodiscard]] inline Ranking blend(std::span<const Ranking> rankings,
                                   const BlendOptions& options = {}) {
  std::vector<std::vector<double>> shares(rankings.size());
  std::vector<double> absent(rankings.size(), 0.0);
  for (std::size_t r = 0; r < rankings.size(); ++r) {
    const double weight = detail::weight_of(options.weights, r, rankings.size());
    shares[r] = normalized_scores(rankings[r], options.normalization);
    if (!shares[r].empty()) {
      absent[r] = weight * *std::min_element(shares[r].begin(), shares[r].end());
    }
    for (double& share : shares[r]) share *= weight;
  }
  return detail::sum_by_document(rankings, shares, absent);
}

}  // namespace tamis
