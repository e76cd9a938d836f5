// tamis/cascade/rerank.hpp: a cross-encoder as a stage.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tamis/cascade/stage.hpp>
#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>

namespace tamis::stages {

/// Scores by logit; stops between micro-batches when the deadline comes or the run is cancelled.
/// Throws InvalidArgument for a model of several labels.
[[nodiscard]] inline AnyStage rerank(const CrossEncoder& model, PredictOptions options = {},
                                     std::string name = "rerank") {
  if (model.labels() != 1) {
    raise<InvalidArgument>("a stage ranks by one score, this model has {} labels", model.labels());
  }
  StageTraits traits{
      .name = std::move(name), .scorer = model.spec().folder.string(), .divisible = true};
  return {std::move(traits), [model, options = std::move(options)](const StageCall& call) {
            std::vector<TextPair> pairs;
            for (const std::string_view text : call.texts) pairs.push_back({call.query, text});
            PredictOptions own = options;
            own.cancel = call.cancel;
            Prediction found = model.predict_logits(pairs, own);
            Scored scored{.scores = std::move(found.logits), .tokens = found.tokens};
            for (std::size_t i = 0; i < pairs.size(); ++i) {
              const bool cut = found.query_tokens_cut[i] + found.document_tokens_cut[i] > 0;
              scored.truncated += static_cast<std::size_t>(cut);
            }
            return StageResult(std::move(scored));
          }};
}

}  // namespace tamis::stages
