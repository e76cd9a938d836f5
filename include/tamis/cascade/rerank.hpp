// tamis/cascade/rerank.hpp: a cross-encoder as a stage.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tamis/cascade/stage.hpp>
#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>

namespace tamis::stages {

namespace detail {

class Rerank {
 public:
  Rerank(CrossEncoder model, PredictOptions options, std::string name, bool warns)
      : model_(std::move(model)),
        options_(std::move(options)),
        name_(std::move(name)),
        warns_(warns) {}

  [[nodiscard]] StageTraits traits() const {
    return {.name = name_,
            .scorer = scorer(),
            .calibrated = model_.spec().calibrated,
            .divisible = true,
            .if_cut = if_cut()};
  }

  [[nodiscard]] StageResult operator()(const StageCall& call) const {
    return std::move(many(std::span(&call, 1)).front());
  }

  /// Pairs of all calls in one prediction. Its tokens are divided by the texts' bytes.
  [[nodiscard]] std::vector<StageResult> many(std::span<const StageCall> calls) const {
    std::vector<TextPair> pairs;
    std::vector<std::size_t> bytes;
    std::size_t all_bytes = 0;
    for (const StageCall& call : calls) {
      const std::size_t before = all_bytes;
      for (const std::string_view text : call.texts) {
        pairs.push_back({call.query, text});
        all_bytes += call.query.size() + text.size();
      }
      bytes.push_back(all_bytes - before);
    }
    PredictOptions own = options_;
    if (!calls.empty()) own.cancel = calls.front().cancel;
    const Prediction found = model_.predict_logits(pairs, own);
    std::vector<StageResult> results;
    std::size_t first = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Scored scored = part(found, first, calls[i].texts.size());
      scored.tokens = calls.size() == 1 ? found.tokens
                      : all_bytes == 0  ? 0
                                        : found.tokens * bytes[i] / all_bytes;
      first += calls[i].texts.size();
      results.emplace_back(std::move(scored));
    }
    return results;
  }

 private:
  /// A model that reads texts apart gives the answer of late interaction by the same folder, unless
  /// it is asked otherwise, or reads on where that stops.
  [[nodiscard]] std::string scorer() const {
    const ModelSpec& spec = model_.spec();
    const std::string model = name_of(spec.folder);
    const bool apart = spec.encoder && spec.encoder->reads_apart() &&
                       options_.on_truncation != OnTruncation::window &&
                       options_.prompt.value_or("").empty();
    return apart ? model : "pairs by " + model;
  }

  /// Windows leave out nothing of a document, only what the query is too long by.
  [[nodiscard]] std::string if_cut() const {
    if (!warns_) return "";
    return options_.on_truncation == OnTruncation::window
               ? "their query is longer than the model reads; shorten it"
               : "they are longer than the model reads; score their windows, or let it ignore that "
                 "(on_truncation=\"window\", \"ignore\")";
  }

  [[nodiscard]] static Scored part(const Prediction& found, std::size_t first, std::size_t count) {
    Scored scored;
    for (std::size_t i = first; i < first + count; ++i) {
      scored.scores.push_back(found.logits[i]);
      const bool cut = found.query_tokens_cut[i] + found.document_tokens_cut[i] > 0;
      scored.truncated += static_cast<std::size_t>(cut);
      if (!found.spans.empty()) scored.spans.push_back(found.spans[i]);
    }
    return scored;
  }

  CrossEncoder model_;
  PredictOptions options_;
  std::string name_;
  bool warns_;
};

}  // namespace detail

/// Scores by logit; stops within a micro-batch when the run is cancelled. Pairs of several queries
/// are scored together. A run in which texts were cut warns, unless told not to. Throws
/// InvalidArgument for a model of several labels, and for options that the model refuses.
[[nodiscard]] inline AnyStage rerank(const CrossEncoder& model, PredictOptions options = {},
                                     std::string name = "rerank", bool warns_of_cuts = true) {
  if (model.labels() != 1) {
    raise<InvalidArgument>("a stage ranks by one score, this model has {} labels", model.labels());
  }
  (void)model.predict_logits({}, options);  // now, rather than in every run
  return detail::Rerank(model, std::move(options), std::move(name), warns_of_cuts);
}

}  // namespace tamis::stages
