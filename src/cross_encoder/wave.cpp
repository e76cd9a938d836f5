// cross_encoder/wave.cpp
#include "cross_encoder/wave.hpp"

#include <algorithm>
#include <chrono>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "parallel/watch.hpp"

namespace tamis {
namespace {

// A scorer without checkpoints is stopped only between waves, so a wave must be far shorter than a
// second.
constexpr double kWaveSeconds = 0.3;

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

}  // namespace

void run_in_waves(std::span<const EncodedPair> sequences, const WaveOptions& options,
                  const std::function<void(std::span<PackedBatch>)>& run) {
  std::vector<std::size_t> lengths(sequences.size());
  std::transform(sequences.begin(), sequences.end(), lengths.begin(),
                 [](const EncodedPair& sequence) { return sequence.size(); });
  const std::size_t threads = num_threads();
  const auto plan = plan_batches(lengths, options.plan, threads);
  std::size_t wave = 2 * threads;
  for (std::size_t begin = 0; begin < plan.size();) {
    refuse_cancelled(options);
    const std::size_t end = std::min(begin + wave, plan.size());
    std::vector<PackedBatch> batches;
    batches.reserve(end - begin);
    std::size_t rows = 0;
    for (std::size_t i = begin; i < end; ++i) {
      batches.push_back(pack(sequences, plan[i]));
      rows += plan[i].size();
    }
    const auto start = std::chrono::steady_clock::now();
    watched([&] { run(batches); },
            [&] {
              refuse_cancelled(options);
              if (options.scored) options.scored(0);
            });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (options.scored) options.scored(rows);
    const double per_batch = std::max(took.count() / static_cast<double>(end - begin), 1e-6);
    const auto fits = static_cast<std::size_t>(kWaveSeconds / per_batch);
    begin = end;
    // Whole rounds, so that no core waits for the wave's last one.
    wave = std::max(std::min(fits, 4 * wave) / threads * threads, threads);
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
