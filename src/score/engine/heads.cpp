// score/engine/heads.cpp: the first tokens' last hidden states -> logits.
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
      weights.kernels->relu(states.data(), states.size(), 1, states.size());
      return;
    case EncoderFamily::electra:
      // transformers uses gelu here whatever hidden_act says (ElectraClassificationHead).
      weights.kernels->gelu_erf(states.data(), states.size(), 1, states.size());
  }
}

}  // namespace

void read_head(const EncoderWeights& weights, const PackedBatch& batch, const Workspace& workspace,
               std::span<float> logits) {
  if (weights.config.family == EncoderFamily::interaction) {
    read_interaction(weights, batch, workspace, logits);
    return;
  }
  std::vector<float> dense(batch.pairs() * weights.config.hidden_size);
  Bytes prepared;
  const Team alone;
  apply(weights.head.dense, workspace.hidden.data(), batch.pairs(), dense.data(), prepared, alone);
  activate(weights, dense);
  apply(weights.head.classifier, dense.data(), batch.pairs(), logits.data(), prepared, alone);
}

}  // namespace tamis::engine
