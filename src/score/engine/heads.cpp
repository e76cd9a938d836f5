// score/engine/heads.cpp: the first token's last hidden state -> logits.
#include <algorithm>
#include <cmath>

#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

void activate(const EncoderWeights& weights, std::vector<float>& states) {
  switch (weights.config.family) {
    case EncoderFamily::bert:
    case EncoderFamily::roberta:
    case EncoderFamily::interaction:
      for (float& state : states) state = std::tanh(state);
      return;
    case EncoderFamily::distilbert:
      weights.kernels->relu(states.data(), states.size());
      return;
    case EncoderFamily::electra:
      // transformers uses gelu here whatever hidden_act says (ElectraClassificationHead).
      weights.kernels->gelu_erf(states.data(), states.size());
  }
}

}  // namespace

void read_head(const EncoderWeights& weights, const PackedBatch& batch, const Workspace& workspace,
               std::span<float> logits) {
  if (weights.config.family == EncoderFamily::interaction) {
    read_interaction(weights, batch, workspace, logits);
    return;
  }
  const std::size_t width = weights.config.hidden_size;
  std::vector<float> first(batch.pairs() * width);
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto token = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    std::copy_n(workspace.hidden.data() + token * width, width, first.data() + pair * width);
  }
  std::vector<float> dense(first.size());
  const Team alone;
  apply_linear(*weights.kernels, weights.head.dense, first.data(), batch.pairs(), dense.data(),
               alone);
  activate(weights, dense);
  apply_linear(*weights.kernels, weights.head.classifier, dense.data(), batch.pairs(),
               logits.data(), alone);
}

}  // namespace tamis::engine
