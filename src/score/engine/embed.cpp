// score/engine/embed.cpp: ids -> embeddings -> layer norm.
#include <algorithm>

#include <tamis/error.hpp>

#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

constexpr std::size_t kRows = 32;
// Rows of a large table come from memory: they are asked for that many tokens before.
constexpr std::size_t kAhead = 4;

/// Row of the position table for each token. RoBERTa's counts no padding token, which a text may
/// contain literally: each has the row of the padding id.
std::vector<std::size_t> positions_of(const EncoderConfig& config, const PackedBatch& batch) {
  const bool skips_padding = config.family == EncoderFamily::roberta;
  const auto padding = static_cast<TokenId>(config.position_offset) - 1;
  std::vector<std::size_t> positions(batch.tokens());
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    std::size_t position = config.position_offset;
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
    for (std::size_t token = begin; token < end; ++token) {
      const bool new_segment = token > begin && batch.type_ids[token] != batch.type_ids[token - 1];
      if (config.restart_positions && new_segment) position = config.position_offset;
      const bool skipped = skips_padding && batch.ids[token] == padding;
      positions[token] = skipped ? config.position_offset - 1 : position++;
    }
  }
  return positions;
}

void check(const EncoderConfig& config, const PackedBatch& batch,
           const std::vector<std::size_t>& positions) {
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    if (batch.cu_seqlens[pair] == batch.cu_seqlens[pair + 1]) {
      raise<InvalidArgument>(
          "a pair has no tokens: both texts are empty, and the model's tokenizer puts no special "
          "token around them");
    }
  }
  for (std::size_t token = 0; token < batch.tokens(); ++token) {
    const TokenId id = batch.ids[token];
    if (id < 0 || static_cast<std::size_t>(id) >= config.vocab_size) {
      raise<InvalidArgument>(
          "token id {} is outside the model's vocabulary of {}; the tokenizer is "
          "another model's",
          id, config.vocab_size);
    }
    if (config.type_vocab_size != 0 && batch.type_ids[token] >= config.type_vocab_size) {
      raise<InvalidArgument>("segment {} is outside the model's {}", batch.type_ids[token],
                             config.type_vocab_size);
    }
    if (config.family == EncoderFamily::interaction && batch.type_ids[token] > 1) {
      raise<InvalidArgument>("segment {} of a pair; an interaction model reads segments 0 and 1",
                             batch.type_ids[token]);
    }
    if (positions[token] >= config.position_table) {
      raise<InvalidArgument>("a sequence has more than the {} tokens that the model reads",
                             config.max_positions());
    }
  }
}

}  // namespace

void embed(const EncoderWeights& weights, const PackedBatch& batch, Workspace& workspace,
           const Team& team) {
  const EncoderConfig& config = weights.config;
  const EmbeddingWeights& tables = weights.embeddings;
  const std::size_t width = config.embedding_size;
  const std::vector<std::size_t> positions = positions_of(config, batch);
  check(config, batch, positions);
  const bool projects = tables.projection.outputs != 0;
  Floats& out = projects ? workspace.context : workspace.hidden;
  out.resize(batch.tokens() * width);
  team.ranges(batch.tokens(), kRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t token = begin; token < end; ++token) {
      float* const row = out.data() + token * width;
      const std::size_t next = std::min(token + kAhead, batch.tokens() - 1);
      fetch_row(tables.words, static_cast<std::size_t>(batch.ids[next]));
      read_row(tables.words, static_cast<std::size_t>(batch.ids[token]), row);
      const float* const position = tables.positions.data() + positions[token] * width;
      if (tables.segments.empty()) {
        for (std::size_t i = 0; i < width; ++i) row[i] += position[i];
      } else {
        const float* const segment = tables.segments.data() + batch.type_ids[token] * width;
        for (std::size_t i = 0; i < width; ++i) row[i] = row[i] + segment[i] + position[i];
      }
      weights.kernels->layer_norm(row, nullptr, tables.norm.gain.data(), tables.norm.shift.data(),
                                  config.layer_norm_eps, row, width);
    }
  });
  if (!projects) return;
  workspace.hidden.resize(batch.tokens() * config.hidden_size);
  Bytes prepared;
  apply(tables.projection, out.data(), batch.tokens(), workspace.hidden.data(), prepared, team);
}

}  // namespace tamis::engine
