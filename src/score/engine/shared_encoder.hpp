// score/engine/shared_encoder.hpp: an encoder in memory, with the buffers it runs in.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tamis/model/bundle.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "parallel/per_process.hpp"
#include "score/engine/encoder_weights.hpp"
#include "score/engine/forward.hpp"

namespace tamis::engine {

/// Workspaces are as many as ever ran at once, not as many as threads ever called.
class WorkspaceShelf {
 public:
  std::unique_ptr<Workspace> take();
  void put(std::unique_ptr<Workspace> workspace);

 private:
  struct State {
    std::mutex mutex;
    std::vector<std::unique_ptr<Workspace>> free;
  };
  PerProcess<State> states_;
};

/// Immutable: any number of threads may run it.
class SharedEncoder {
 public:
  SharedEncoder(EncoderWeights weights, std::string precision)
      : weights_(std::move(weights)), precision_(std::move(precision)) {}

  /// What is done with a batch, which the functions get the index of: `start` fills the hidden
  /// states (absent: with the embeddings), layers [first, last) change them, `read` reads them.
  struct Pass {
    std::size_t first = 0;
    std::optional<std::size_t> last = {};  ///< absent: to the end
    std::function<void(std::size_t, Workspace&)> start = {};
    std::function<void(std::size_t, const Workspace&)> read;
  };

  /// All batches, each once, in any order and thread. Batches go to different cores when there are
  /// enough of them, else each is split over the cores.
  void run(std::span<const PackedBatch> batches, const Pass& pass) const;

  [[nodiscard]] const EncoderWeights& weights() const { return weights_; }
  [[nodiscard]] const std::string& precision() const { return precision_; }

 private:
  EncoderWeights weights_;
  std::string precision_;
  mutable WorkspaceShelf shelf_;
};

struct LoadedEncoder {
  std::shared_ptr<const SharedEncoder> encoder;
  std::string reason;  ///< for the precision that "auto" chose, with a space before it; else empty
};

/// Loading the same unchanged files again while the first encoder lives shares it. Throws as
/// FusedEncoderScorer::load does.
[[nodiscard]] LoadedEncoder load_shared_encoder(const ModelSpec& spec, const EngineOptions& options,
                                                Head head);

}  // namespace tamis::engine
