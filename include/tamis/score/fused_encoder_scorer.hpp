// tamis/score/fused_encoder_scorer.hpp: the CPU engine: BERT-family encoders, no torch.
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

namespace engine {
class SharedEncoder;
}

struct EngineOptions {
  /// Of the linear layers: "fp32" (with AMX as 24-bit whole numbers with a scale for each row and
  /// output, with errors of fp32's order), "bf16", "fp16", "int8", or "auto": the fastest here of
  /// which the model's record says that it keeps the ranking (Kendall's tau >= 0.99), else fp32.
  /// Embeddings, softmax, layer norm, residuals and sums are fp32 (int32 for int8) at every
  /// precision.
  std::string precision = "fp32";
  /// "portable"; "avx2", "avx2_vnni", "avx512", "avx512_vnni", "avx512_bf16", "amx" on x86; "neon",
  /// "neon_dot" on 64-bit ARM. Empty: TAMIS_ISA, else the best there is.
  std::string isa = {};
};

/// Weights are packed once when it is loaded; embeddings are read from the mapped file. Loading the
/// same unchanged file again while the first one lives shares it, and threads that load it at once
/// wait for one of them. Micro-batches go to different cores when there are enough of them, else
/// each is split over the cores.
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
  /// "engine fp32 avx2"; of a precision that was chosen also why: "engine int8 avx512_vnni (auto:
  /// Kendall tau 0.998)".
  [[nodiscard]] std::string description() const;

 private:
  FusedEncoderScorer(std::shared_ptr<const engine::SharedEncoder> encoder, std::string reason)
      : encoder_(std::move(encoder)), reason_(std::move(reason)) {}
  std::shared_ptr<const engine::SharedEncoder> encoder_;
  std::string reason_;
};

static_assert(PairScorer<FusedEncoderScorer>);

}  // namespace tamis
