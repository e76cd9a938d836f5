// tamis/score/fused_encoder_scorer.hpp: the CPU engine: BERT-family encoders, fp32, no torch.
//
//   auto scorer = tamis::FusedEncoderScorer::load(tamis::load_model_spec("models/minilm"));
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <tamis/batch/packed.hpp>
#include <tamis/model/bundle.hpp>
#include <tamis/score/scorer.hpp>

namespace tamis {

struct EngineOptions {
  std::string precision = "fp32";
  std::string isa = {};  ///< "portable", "avx2", "avx512"; empty: TAMIS_ISA, else the best there is
};

/// Weights are packed once when it is loaded; embeddings are read from the mapped file.
/// Micro-batches go to different cores when there are enough of them, else each is split over the
/// cores.
class FusedEncoderScorer {
 public:
  /// Throws ModelError when the architecture is unknown, a tensor is missing (a checkpoint without
  /// its classification head is refused), has another shape, or holds NaN or infinity; and
  /// InvalidArgument for an unknown precision.
  [[nodiscard]] static FusedEncoderScorer load(const ModelSpec& spec,
                                               const EngineOptions& options = {});

  /// Logits [pairs, labels] of all batches. Throws InvalidArgument for an id outside the
  /// vocabulary, a segment outside the model's, or a sequence that is longer than the position
  /// table.
  void score(std::span<const PackedBatch> batches, std::span<float> logits) const;

  [[nodiscard]] std::size_t labels() const;
  [[nodiscard]] std::string description() const;  ///< "engine fp32 avx2"

 private:
  struct Model;
  explicit FusedEncoderScorer(std::shared_ptr<const Model> model) : model_(std::move(model)) {}
  std::shared_ptr<const Model> model_;
};

static_assert(PairScorer<FusedEncoderScorer>);

}  // namespace tamis
