// cross_encoder/wave.hpp: runs micro-batches in waves, so that a caller can watch and stop the
// work.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <tamis/batch/planner.hpp>
#include <tamis/cancel.hpp>
#include <tamis/score/scorer.hpp>

namespace tamis {

/// Seconds that a token took in the last wave, kept from call to call; 0: not known. Too few for
/// the next call where a scorer computes once what several pairs of the last one shared.
using Pace = std::atomic<double>;

struct WaveOptions {
  PlanOptions plan;
  std::optional<CancelToken> cancel;
  /// Sequences done in the wave that has just ended; 0 from within a wave, to say that it goes on.
  std::function<void(std::size_t)> scored;
  /// Of a wave, about. Many scorers are stopped only between two: far less than a second.
  double seconds = 0.3;
  Pace* pace = nullptr;
};

/// Calls run(batches) for wave after wave of micro-batches until all sequences were in one; a row
/// of a batch is an index into `sequences`. The first wave is small where the pace is not known.
/// Between two waves, and every kAskEvery within one where
/// `run` has checkpoints, checks for cancellation and calls `scored`.
void run_in_waves(std::span<const EncodedPair> sequences, const WaveOptions& options,
                  const std::function<void(std::span<PackedBatch>)>& run);

/// Logits [sequences, labels] in the order of `sequences`, scored in such waves.
[[nodiscard]] std::vector<float> score_in_waves(const AnyScorer& scorer,
                                                std::span<const EncodedPair> sequences,
                                                const WaveOptions& options);

}  // namespace tamis
