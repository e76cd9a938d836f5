// late_interaction/read_texts.cpp
#include "late_interaction/read_texts.hpp"

#include <numeric>
#include <string>

#include <fmt/format.h>

#include <tamis/error.hpp>

#include "late_interaction/text_sequence.hpp"
#include "late_interaction/token_rows.hpp"
#include "parallel/parallel_for.hpp"

namespace tamis {
namespace {

// A micro-batch of a few hundred tokens stays in its core's cache through all layers.
constexpr PlanOptions kPlan{.max_tokens = 512, .max_pairs = 64, .even = true};

void hide(std::span<const std::uint32_t> unseen, std::span<PackedBatch> batches) {
  for (PackedBatch& batch : batches) {
    for (const std::uint32_t row : batch.rows) batch.unseen.push_back(unseen[row]);
  }
}

}  // namespace

std::vector<EncodedPair> sequences_of(const LateInteractionParts& parts, Side side,
                                      std::span<const std::string_view> texts) {
  const PairTemplate& around = parts.tokenizer.pair_template();
  const bool second = side == Side::passage && parts.config().family == EncoderFamily::interaction;
  const std::uint8_t type = second ? around.document_type : std::uint8_t{0};
  const std::string& prefix = side == Side::query ? parts.query_prefix : parts.passage_prefix;
  std::vector<EncodedPair> sequences(texts.size());
  parallel_for(texts.size(), [&](std::size_t i) {
    const std::string text = prefix + std::string(texts[i]);
    const Tokens tokens = parts.tokenizer.tokenize(text);
    sequences[i] = parts.colbert
                       ? marked_sequence(around, tokens.ids, length_limit(parts, side),
                                         side == Side::query ? parts.colbert->query.marker
                                                             : parts.colbert->document.marker)
                       : text_sequence(around, tokens.ids, parts.max_length, type);
  });
  return sequences;
}

void read_sequences(const LateInteractionParts& parts, std::span<const EncodedPair> sequences,
                    const ReadOptions& options, const std::function<void(std::size_t)>& done,
                    const std::function<void(std::size_t, std::span<const float>)>& read,
                    std::span<const std::uint32_t> unseen) {
  const std::size_t width = parts.config().hidden_size;
  const auto read_batch = [&](const PackedBatch& batch, const engine::Workspace& workspace) {
    for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
      const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
      const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
      read(batch.rows[pair], {workspace.hidden.data() + begin * width, (end - begin) * width});
    }
  };
  run_in_waves(sequences, {.plan = kPlan, .cancel = options.cancel, .scored = done},
               [&](std::span<PackedBatch> batches) {
                 if (!unseen.empty()) hide(unseen, batches);
                 const auto read_one = [&](std::size_t i, const engine::Workspace& workspace) {
                   read_batch(batches[i], workspace);
                 };
                 parts.encoder().run(batches, {.read = read_one});
               });
}

std::size_t length_limit(const LateInteractionParts& parts, Side side) {
  return parts.colbert && side == Side::query ? parts.colbert->query.length : parts.max_length;
}

std::vector<float> compared_rows(const LateInteractionParts& parts, Side side,
                                 std::span<const TokenId> ids, std::span<const float> states) {
  if (!parts.colbert) return unit_rows(parts.config(), states);
  const std::vector<float> vectors = project(*parts.colbert, states);
  std::vector<std::size_t> compared(ids.size());
  std::iota(compared.begin(), compared.end(), std::size_t{0});
  if (side == Side::passage) compared = not_skipped(*parts.colbert, ids);
  return unit_rows(parts.width(), vectors, compared);
}

void refuse_windows(const ReadOptions& options) {
  if (options.on_truncation != OnTruncation::window) return;
  raise<InvalidArgument>("late interaction has no windows; split the passages instead");
}

void refuse_non_finite(const std::vector<std::size_t>& bad, std::size_t total, Side side) {
  if (bad.empty()) return;
  const bool query = side == Side::query;
  throw NonFiniteScore(
      fmt::format("the model gave NaN or infinity for {} of {} {}, first for {} {}; its weights "
                  "may be broken, or overflow at this precision",
                  bad.size(), total, query ? "queries" : "passages", query ? "query" : "passage",
                  bad.front()),
      bad);
}

}  // namespace tamis
