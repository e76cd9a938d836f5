// late_interaction/query.cpp
#include "late_interaction/query.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include <tamis/batch/packed.hpp>
#include <tamis/error.hpp>

#include "late_interaction/read_texts.hpp"
#include "late_interaction/text_sequence.hpp"
#include "late_interaction/token_rows.hpp"

namespace tamis {
namespace {

double token_weight(const engine::HeadWeights& head, std::span<const float> state) {
  if (head.token_weight.empty()) return 1;
  const double x = std::inner_product(state.begin(), state.end(), head.token_weight.begin(),
                                      static_cast<double>(head.token_bias));
  return 1 / (1 + std::exp(-x));
}

/// Of the compared tokens, of sum 1.
std::vector<double> token_weights(const engine::EncoderWeights& weights,
                                  std::span<const float> states) {
  const std::size_t width = weights.config.hidden_size;
  const TokenRange compared = compared_tokens(weights.config, states.size() / width);
  std::vector<double> found;
  for (std::size_t token = compared.begin; token < compared.end; ++token) {
    found.push_back(token_weight(weights.head, states.subspan(token * width, width)));
  }
  const double total = std::max(std::accumulate(found.begin(), found.end(), 0.0), 1e-12);
  for (double& weight : found) weight /= total;
  return found;
}

/// What the head makes of the first token's state: a constant of the query.
double head_of(const engine::EncoderWeights& weights, std::span<const float> states) {
  if (weights.head.classifier.outputs == 0) return 0;
  float out = 0;
  engine::Bytes prepared;
  engine::apply(weights.head.classifier, states.data(), 1, &out, prepared, {});
  return out;
}

EncodedQuery read_query(const LateInteractionParts& parts, std::span<const TokenId> ids,
                        std::span<const float> states) {
  const engine::EncoderWeights& weights = parts.weights();
  const std::size_t width = parts.width();
  const std::vector<float> rows = compared_rows(parts, Side::query, ids, states);
  if (rows.empty()) {
    throw NonFiniteScore(
        "the model gave NaN or infinity for the query; its weights may be broken, "
        "or overflow at this precision",
        {});
  }
  EncodedQuery query;
  query.vectors = engine::make_linear(*weights.attention, rows, {}, rows.size() / width, width);
  if (parts.colbert) {  // a sum, not a mean
    query.weight.assign(ids.size(), 1.0);
  } else {
    query.weight = token_weights(weights, states);
    query.head = head_of(weights, states);
  }
  return query;
}

/// Up to ColBERT's length, with tokens that the others see only where the model says so.
void fill_up(const Colbert& colbert, PackedBatch& batch) {
  const std::size_t tokens = batch.tokens();
  if (!colbert.filler || tokens >= colbert.query.length) return;
  batch.ids.resize(colbert.query.length, *colbert.filler);
  batch.type_ids.resize(colbert.query.length, 0);
  batch.cu_seqlens.back() = batch.max_seqlen = static_cast<std::int32_t>(colbert.query.length);
  if (!colbert.attend_to_filler) {
    batch.unseen = {static_cast<std::uint32_t>(colbert.query.length - tokens)};
  }
}

}  // namespace

EncodedQuery encode_query(const LateInteractionParts& parts, std::string_view query,
                          const ReadOptions& options) {
  if (options.cancel && options.cancel->cancelled()) throw Cancelled("scoring was cancelled");
  const EncodedPair sequence = sequences_of(parts, Side::query, std::span(&query, 1)).front();
  if (options.on_truncation == OnTruncation::error) {
    refuse_cut(sequence.document_tokens_cut, length_limit(parts, Side::query), "the query");
  }
  const std::uint32_t row = 0;
  PackedBatch batch = pack(std::span(&sequence, 1), std::span(&row, 1));
  if (parts.colbert) fill_up(*parts.colbert, batch);
  EncodedQuery encoded;
  parts.encoder().run(std::span(&batch, 1), [&](std::size_t, const engine::Workspace& workspace) {
    encoded = read_query(parts, batch.ids,
                         {workspace.hidden.data(), batch.tokens() * parts.config().hidden_size});
  });
  encoded.tokens_cut = sequence.document_tokens_cut;
  return encoded;
}

}  // namespace tamis
