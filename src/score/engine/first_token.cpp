// score/engine/first_token.cpp: the last layer's attention where a classifier reads first tokens.
//
// With one query for each sequence, keys and values of the tokens need not be made:
// q . (K x + b) = (K^T q) . x + constant, which softmax does not see, and the weighted mean of
// V x + b is V of the weighted mean of x, + b. Each head is a query over the hidden states.
#include <algorithm>

#include "score/engine/attention.hpp"
#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

Bytes& prepared_rows() {
  thread_local Bytes rows;
  return rows;
}

void copy_first_tokens(const PackedBatch& batch, std::size_t width, const Floats& hidden,
                       Floats& first_tokens) {
  first_tokens.resize(batch.pairs() * width);
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto token = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    std::copy_n(hidden.data() + token * width, width, first_tokens.data() + pair * width);
  }
}

/// Each head's mean of the pair's hidden states.
void average(const EncoderWeights& weights, const PackedBatch& batch, std::size_t pair,
             Workspace& workspace) {
  const std::size_t width = weights.config.hidden_size;
  const std::size_t heads = weights.config.heads;
  const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
  const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
  const std::size_t seen = batch.unseen.empty() ? end : end - batch.unseen[pair];
  const ConstRows tokens{workspace.hidden.data() + begin * width, width};
  attend_head(*weights.attention,
              {.queries = {workspace.head_queries.data() + pair * heads * width, width},
               .keys = tokens,
               .values = tokens,
               .query_count = heads,
               .key_count = seen - begin,
               .size = width,
               .context = workspace.head_means.data() + pair * heads * width,
               .context_stride = width});
}

}  // namespace

void attend_first_tokens(const EncoderWeights& weights, const LayerWeights& layer,
                         const PackedBatch& batch, Workspace& workspace, const Team& team) {
  const std::size_t width = weights.config.hidden_size;
  const std::size_t heads = weights.config.heads;
  const std::size_t size = width / heads;
  const std::size_t pairs = batch.pairs();
  copy_first_tokens(batch, width, workspace.hidden, workspace.first_tokens);
  workspace.first_queries.resize(pairs * width);
  workspace.context.resize(pairs * width);
  workspace.head_queries.resize(pairs * heads * width);
  workspace.head_means.resize(pairs * heads * width);
  apply(layer.query, workspace.first_tokens.data(), pairs, workspace.first_queries.data(),
        prepared_rows(), team);
  team.run(heads, [&](std::size_t head) {
    apply_strided(layer.first_token.keys[head], workspace.first_queries.data() + head * size, width,
                  pairs, workspace.head_queries.data() + head * width, heads * width,
                  prepared_rows());
  });
  team.run(pairs, [&](std::size_t pair) { average(weights, batch, pair, workspace); });
  team.run(heads, [&](std::size_t head) {
    apply_strided(layer.first_token.values[head], workspace.head_means.data() + head * width,
                  heads * width, pairs, workspace.context.data() + head * size, width,
                  prepared_rows());
  });
  std::swap(workspace.hidden, workspace.first_tokens);
}

}  // namespace tamis::engine
