// cross_encoder/wave.cpp
#include "cross_encoder/wave.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "parallel/watch.hpp"

namespace tamis {
namespace {

void refuse_cancelled(const WaveOptions& options) {
  if (options.cancel && options.cancel->cancelled()) throw Cancelled("scoring was cancelled");
}

void scatter(std::span<const PackedBatch> batches, std::span<const float> from, std::size_t labels,
             std::vector<float>& to) {
  std::size_t at = 0;
  for (const PackedBatch& batch : batches) {
    for (const std::uint32_t row : batch.rows) {
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(at), labels,
                  to.begin() + static_cast<std::ptrdiff_t>(row * labels));
      at += labels;
    }
  }
}

std::vector<std::size_t> lengths_of(std::span<const EncodedPair> sequences) {
  std::vector<std::size_t> lengths(sequences.size());
  std::transform(sequences.begin(), sequences.end(), lengths.begin(),
                 [](const EncodedPair& sequence) { return sequence.size(); });
  return lengths;
}

// A scorer may hold states of all of a wave's texts.
constexpr std::size_t kThreadTokens = 16384;

/// Of `batches` with `tokens` that take `left` seconds, 0 if nobody knows: even waves of whole
/// rounds over the threads, so that no core waits for a wave's last batch more often than it must.
std::size_t wave_size(std::size_t batches, std::size_t tokens, double left, double seconds) {
  const std::size_t threads = num_threads();
  if (left <= 0) return std::min(2 * threads, batches);
  const double full = static_cast<double>(tokens) / static_cast<double>(kThreadTokens * threads);
  const double waves = std::ceil(std::max(left / seconds, full));
  const double even = std::ceil(static_cast<double>(batches) / waves);
  const auto rounds = (static_cast<std::size_t>(even) + threads - 1) / threads;
  return std::min(rounds * threads, batches);
}

}  // namespace

void run_in_waves(std::span<const EncodedPair> sequences, const WaveOptions& options,
                  const std::function<void(std::span<PackedBatch>)>& run) {
  const std::vector<std::size_t> lengths = lengths_of(sequences);
  std::size_t tokens_left = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  const auto plan = plan_batches(lengths, options.plan, num_threads());
  Pace own{0};
  Pace& pace = options.pace != nullptr ? *options.pace : own;
  for (std::size_t begin = 0; begin < plan.size();) {
    refuse_cancelled(options);
    const double left = pace * static_cast<double>(tokens_left);
    const std::size_t end =
        begin + wave_size(plan.size() - begin, tokens_left, left, options.seconds);
    std::vector<PackedBatch> batches;
    batches.reserve(end - begin);
    std::size_t rows = 0;
    std::size_t tokens = 0;
    for (; begin < end; ++begin) {
      batches.push_back(pack(sequences, plan[begin]));
      rows += plan[begin].size();
      tokens += batches.back().tokens();
    }
    const auto start = std::chrono::steady_clock::now();
    watched([&] { run(batches); },
            [&] {
              refuse_cancelled(options);
              if (options.scored) options.scored(0);
            });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (options.scored) options.scored(rows);
    pace = std::max(took.count(), 1e-6) / static_cast<double>(std::max<std::size_t>(tokens, 1));
    tokens_left -= tokens;
  }
}

std::vector<float> score_in_waves(const AnyScorer& scorer, std::span<const EncodedPair> sequences,
                                  const WaveOptions& options) {
  const std::size_t labels = scorer.labels();
  std::vector<float> logits(sequences.size() * labels);
  std::vector<float> out;
  run_in_waves(sequences, options, [&](std::span<const PackedBatch> batches) {
    std::size_t rows = 0;
    for (const PackedBatch& batch : batches) rows += batch.pairs();
    out.resize(rows * labels);
    scorer.score(batches, out);
    scatter(batches, out, labels, logits);
  });
  return logits;
}

}  // namespace tamis
