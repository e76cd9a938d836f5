// tamis/eval/metrics.hpp: how good one query's ranking is.
//
// A ranking is given as the grades of its documents in order (0: judged irrelevant or not judged),
// so ties are the caller's to break. `judged` holds the grades of all judged documents of the
// query, in any order; grades below 0 count as 0.
//
//   std::vector<int> ranked = {0, 2, 1};          // what came first, second, third
//   std::vector<int> judged = {2, 1, 1};          // what there was to find
//   double quality = tamis::ndcg(ranked, judged, 10);
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <tamis/error.hpp>

namespace tamis {

/// The whole ranking.
inline constexpr std::size_t kNoCutoff = std::numeric_limits<std::size_t>::max();

namespace detail {

inline std::span<const int> head(std::span<const int> ranked, std::size_t cutoff) {
  if (cutoff == 0) raise<InvalidArgument>("the cutoff of a metric is 0; it must be at least 1");
  return ranked.first(std::min(cutoff, ranked.size()));
}

inline double dcg(std::span<const int> ranked) {
  double sum = 0;
  for (std::size_t place = 0; place < ranked.size(); ++place) {
    if (ranked[place] > 0) sum += ranked[place] / std::log2(static_cast<double>(place) + 2.0);
  }
  return sum;
}

inline std::size_t count_relevant(std::span<const int> grades, int min_grade) {
  return static_cast<std::size_t>(
      std::count_if(grades.begin(), grades.end(), [&](int grade) { return grade >= min_grade; }));
}

}  // namespace detail

/// Normalised discounted cumulative gain: sum of grade / log2(rank + 1) over the best such sum.
/// The gain is the grade itself, as in trec_eval's `ndcg_cut` (not 2^grade - 1). Järvelin and
/// Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 20(4), 2002.
/// 0 where nothing is relevant.
[[nodiscard]] inline double ndcg(std::span<const int> ranked, std::span<const int> judged,
                                 std::size_t cutoff = 10) {
  const double gained = detail::dcg(detail::head(ranked, cutoff));
  std::vector<int> ideal(judged.begin(), judged.end());
  std::sort(ideal.begin(), ideal.end(), std::greater<>());
  const double best = detail::dcg(detail::head(ideal, cutoff));
  return best > 0 ? gained / best : 0.0;
}

/// 1 / rank of the first relevant document, 0 where there is none above the cutoff: its mean over
/// queries is MRR@cutoff. trec_eval's `recip_rank` when there is no cutoff.
[[nodiscard]] inline double reciprocal_rank(std::span<const int> ranked, std::size_t cutoff = 10,
                                            int min_grade = 1) {
  const auto top = detail::head(ranked, cutoff);
  const auto first =
      std::find_if(top.begin(), top.end(), [&](int grade) { return grade >= min_grade; });
  return first == top.end() ? 0.0 : 1.0 / static_cast<double>(first - top.begin() + 1);
}

/// The share of the relevant documents that is above the cutoff: trec_eval's `recall`. 0 where
/// nothing is relevant.
[[nodiscard]] inline double recall(std::span<const int> ranked, std::span<const int> judged,
                                   std::size_t cutoff, int min_grade = 1) {
  const auto found = detail::count_relevant(detail::head(ranked, cutoff), min_grade);
  const auto all = detail::count_relevant(judged, min_grade);
  return all == 0 ? 0.0 : static_cast<double>(found) / static_cast<double>(all);
}

/// The mean, over all relevant documents, of the precision where each was found (0 where it was
/// not): its mean over queries is MAP, trec_eval's `map`.
[[nodiscard]] inline double average_precision(std::span<const int> ranked,
                                              std::span<const int> judged,
                                              std::size_t cutoff = kNoCutoff, int min_grade = 1) {
  const auto all = detail::count_relevant(judged, min_grade);
  const auto top = detail::head(ranked, cutoff);
  double sum = 0;
  std::size_t found = 0;
  for (std::size_t place = 0; place < top.size(); ++place) {
    if (top[place] < min_grade) continue;
    ++found;
    sum += static_cast<double>(found) / static_cast<double>(place + 1);
  }
  return all == 0 ? 0.0 : sum / static_cast<double>(all);
}

}  // namespace tamis
