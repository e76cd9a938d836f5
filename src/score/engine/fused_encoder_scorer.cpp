// score/engine/fused_encoder_scorer.cpp: an encoder and its head as a scorer.
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/error.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "score/engine/score_segments.hpp"
#include "score/engine/shared_encoder.hpp"

namespace tamis {

FusedEncoderScorer FusedEncoderScorer::load(const ModelSpec& spec, const EngineOptions& options) {
  auto [encoder, reason] = engine::load_shared_encoder(spec, options, engine::Head::required);
  return {std::move(encoder), std::move(reason)};
}

void FusedEncoderScorer::score(std::span<const PackedBatch> batches,
                               std::span<float> logits) const {
  std::vector<std::size_t> first(batches.size() + 1, 0);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    first[i + 1] = first[i] + batches[i].pairs() * labels();
  }
  if (logits.size() != first.back()) {
    raise<InvalidArgument>("{} logits are expected, room is for {}", first.back(), logits.size());
  }
  if (encoder_->weights().closed_layers() > 0) {
    engine::score_segments(*encoder_, batches, logits);
    return;
  }
  const auto read = [&](std::size_t i, const engine::Workspace& workspace) {
    engine::read_head(encoder_->weights(), batches[i], workspace,
                      logits.subspan(first[i], first[i + 1] - first[i]));
  };
  encoder_->run(batches, {.read = read});
}

std::size_t FusedEncoderScorer::labels() const { return encoder_->weights().config.labels; }

std::string FusedEncoderScorer::description() const {
  return fmt::format("engine {} {}{}", encoder_->precision(), encoder_->weights().kernels->name,
                     reason_);
}

}  // namespace tamis
