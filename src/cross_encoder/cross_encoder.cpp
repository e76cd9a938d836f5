// cross_encoder/cross_encoder.cpp: the one way from text to ranking.
#include <algorithm>
#include <cmath>
#include <utility>

#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>
#include <tamis/rank/top_k.hpp>

#include "cross_encoder/aggregate.hpp"
#include "cross_encoder/encode_group.hpp"
#include "cross_encoder/limits.hpp"
#include "cross_encoder/parts.hpp"
#include "cross_encoder/prompt.hpp"
#include "cross_encoder/refuse_truncated.hpp"
#include "cross_encoder/unique_pairs.hpp"
#include "cross_encoder/wave.hpp"

namespace tamis {
namespace {

// A group's tokens are in memory at a time, whatever the number of pairs.
constexpr std::size_t kGroupPairs = 4096;
constexpr std::size_t kGroupBytes = std::size_t{8} << 20U;

PlanOptions plan_options(const PlanOptions& fallback, const PredictOptions& options) {
  return {.max_tokens = options.max_batch_tokens.value_or(fallback.max_tokens),
          .max_pairs = options.max_batch_pairs.value_or(fallback.max_pairs),
          .even = fallback.even};
}

/// The predictions of the different pairs, before they are handed to the caller's.
Prediction predict_unique(const CrossEncoder& model, const PairTemplate& around, WaveOptions waves,
                          const UniquePairs& unique, const PredictOptions& options) {
  const PairLimits limits = pair_limits(around, model.max_length(), options);
  const std::span<const TextPair> pairs = unique.pairs;
  const std::size_t total = unique.index_of.size();
  Prediction result;
  result.labels = model.labels();
  std::size_t begin = 0;
  for (const std::size_t end : group_ends(pairs, kGroupPairs, kGroupBytes)) {
    const auto place_of = [&](std::size_t pair) {
      const auto first = std::find(unique.index_of.begin(), unique.index_of.end(), begin + pair);
      return static_cast<std::size_t>(first - unique.index_of.begin());
    };
    const auto group = encode_group(model.tokenizer(), around, pairs.subspan(begin, end - begin),
                                    limits, options, place_of);
    if (options.on_truncation == OnTruncation::error) {
      refuse_truncated(group, begin, unique.index_of, limits);
    }
    std::size_t scored = 0;
    if (options.progress) {
      waves.scored = [&](std::size_t more) {
        scored += more;
        const std::size_t done = begin + scored * (end - begin) / group.sequences.size();
        options.progress(done * total / pairs.size(), total);
      };
    }
    append(result, group, score_in_waves(model.scorer(), group.sequences, waves),
           options.aggregate);
    begin = end;
  }
  return result;
}

template <typename T>
std::vector<T> gather(const std::vector<T>& unique, std::span<const std::uint32_t> index_of,
                      std::size_t width) {
  std::vector<T> rows;
  if (unique.empty()) return rows;
  rows.reserve(index_of.size() * width);
  for (const std::uint32_t index : index_of) {
    const auto from = unique.begin() + static_cast<std::ptrdiff_t>(index * width);
    rows.insert(rows.end(), from, from + static_cast<std::ptrdiff_t>(width));
  }
  return rows;
}

void require_finite(const Prediction& prediction) {
  std::vector<std::size_t> bad;
  for (std::size_t i = 0; i < prediction.logits.size(); ++i) {
    const std::size_t pair = i / prediction.labels;
    if (!std::isfinite(prediction.logits[i]) && (bad.empty() || bad.back() != pair)) {
      bad.push_back(pair);
    }
  }
  if (bad.empty()) return;
  throw NonFiniteScore(
      fmt::format(
          "the model gave NaN or infinity for {} of {} pairs, first for pair {}; its weights "
          "may be broken, or overflow at this precision",
          bad.size(), prediction.logits.size() / prediction.labels, bad.front()),
      bad);
}

}  // namespace

Prediction CrossEncoder::predict_logits(std::span<const TextPair> pairs,
                                        const PredictOptions& options) const {
  const std::string prompt = prompt_of(spec(), options);
  const PromptedPairs prompted(prompt.empty() ? std::span<const TextPair>{} : pairs, prompt);
  if (!prompt.empty()) pairs = prompted.pairs();
  const UniquePairs unique = unique_pairs(pairs);
  const WaveOptions waves{.plan = plan_options(parts_->plan, options),
                          .cancel = options.cancel,
                          .scored = {},
                          .seconds = parts_->wave_seconds,
                          .pace = parts_->pace.get()};
  const Prediction found = predict_unique(*this, parts_->around, waves, unique, options);
  Prediction result;
  result.labels = found.labels;
  result.tokens = found.tokens;
  result.logits = gather(found.logits, unique.index_of, found.labels);
  result.query_tokens_cut = gather(found.query_tokens_cut, unique.index_of, 1);
  result.document_tokens_cut = gather(found.document_tokens_cut, unique.index_of, 1);
  result.spans = gather(found.spans, unique.index_of, 1);
  require_finite(result);
  return result;
}

std::vector<float> CrossEncoder::predict(std::span<const TextPair> pairs,
                                         const PredictOptions& options) const {
  std::vector<float> scores = predict_logits(pairs, options).logits;
  apply_activation(activation(), scores);
  return scores;
}

Ranking CrossEncoder::rank(std::string_view query, std::span<const std::string_view> documents,
                           const RankOptions& options) const {
  if (labels() != 1) {
    raise<InvalidArgument>("rank needs a model with one label, this one has {}; use predict",
                           labels());
  }
  std::vector<TextPair> pairs;
  pairs.reserve(documents.size());
  for (const std::string_view document : documents) pairs.push_back({query, document});
  const std::vector<float> logits = predict_logits(pairs, options.predict).logits;
  // By logit: an activation may round two different scores to one (a sigmoid near 1 does).
  Ranking ranking = top_k(logits, logits.size());
  for (Hit& hit : ranking) apply_activation(activation(), std::span(&hit.score, 1));
  if (options.min_score) ranking = keep_above(std::move(ranking), *options.min_score);
  return keep(std::move(ranking), options.top_k.value_or(documents.size()));
}

const ModelSpec& CrossEncoder::spec() const { return parts_->spec; }
const AnyTokenizer& CrossEncoder::tokenizer() const { return parts_->tokenizer; }
const AnyScorer& CrossEncoder::scorer() const { return parts_->scorer; }
std::size_t CrossEncoder::max_length() const { return parts_->max_length; }
std::size_t CrossEncoder::labels() const { return parts_->scorer.labels(); }
Activation CrossEncoder::activation() const { return parts_->activation; }

}  // namespace tamis
