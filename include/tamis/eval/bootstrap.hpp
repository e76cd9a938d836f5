// tamis/eval/bootstrap.hpp: is the difference between two systems more than luck of the queries?
//
//   auto gain = tamis::paired_bootstrap(before, after);   // one metric value per query each
//   if (gain.low > 0) std::cout << "better";
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include <tamis/error.hpp>

namespace tamis {

struct BootstrapOptions {
  std::size_t resamples = 10'000;
  double confidence = 0.95;
  std::uint64_t seed = 0;
};

/// The mean of after - before over the queries, and where it would lie with other queries.
struct Interval {
  double mean = 0;
  double low = 0;
  double high = 0;

  [[nodiscard]] bool excludes_zero() const noexcept { return low > 0 || high < 0; }
};

/// The percentile interval of the mean difference: queries are drawn with replacement, each with
/// its pair of values. Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13;
/// for retrieval, Sakai, "Evaluating Evaluation Metrics based on the Bootstrap", SIGIR 2006.
///
/// The same seed gives the same interval on every machine.
/// Throws InvalidArgument for different counts, no query, NaN, or options out of range.
[[nodiscard]] inline Interval paired_bootstrap(std::span<const double> before,
                                               std::span<const double> after,
                                               const BootstrapOptions& options = {}) {
  if (before.size() != after.size() || before.empty()) {
    raise<InvalidArgument>(
        "{} values before and {} after; a paired interval needs one of each for "
        "every query, and a query at least",
        before.size(), after.size());
  }
  if (options.resamples == 0 || !(options.confidence > 0 && options.confidence < 1)) {
    raise<InvalidArgument>(
        "resamples is {} and confidence {}; they must be at least 1 and between "
        "0 and 1",
        options.resamples, options.confidence);
  }
  const auto count = static_cast<double>(before.size());
  std::vector<double> differences(before.size());
  double sum = 0;
  for (std::size_t query = 0; query < before.size(); ++query) {
    differences[query] = after[query] - before[query];
    if (!std::isfinite(differences[query])) {
      raise<InvalidArgument>("query {} has the values {} and {}, whose difference is no number",
                             query, before[query], after[query]);
    }
    sum += differences[query];
  }
  // mt19937 is the same everywhere and uniform_int_distribution is not, so a draw is the high half
  // of a product. Its bias is at most the number of queries / 2^32.
  std::mt19937 random(static_cast<std::mt19937::result_type>(options.seed ^ (options.seed >> 32U)));
  std::vector<double> means(options.resamples);
  for (double& mean : means) {
    double drawn = 0;
    for (std::size_t i = 0; i < differences.size(); ++i) {
      const std::uint64_t product = std::uint64_t{random()} * differences.size();
      drawn += differences[static_cast<std::size_t>(product >> 32U)];
    }
    mean = drawn / count;
  }
  std::sort(means.begin(), means.end());
  // Linear between order statistics, as numpy.quantile has it.
  const auto quantile = [&](double share) {
    const double place = share * static_cast<double>(means.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const std::size_t above = std::min(below + 1, means.size() - 1);
    return means[below] + (place - static_cast<double>(below)) * (means[above] - means[below]);
  };
  const double tail = (1.0 - options.confidence) / 2.0;
  return {sum / count, quantile(tail), quantile(1.0 - tail)};
}

}  // namespace tamis
