// tamis/cascade/compare.hpp: late interaction as a stage, before a cross-encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include <tamis/cascade/stage.hpp>
#include <tamis/late_interaction.hpp>

namespace tamis::stages {

/// Scores by logit. Texts go through the model's cache: each is encoded when it is first seen.
[[nodiscard]] inline AnyStage compare(const LateInteraction& model, ReadOptions options = {},
                                      std::string name = "compare") {
  StageTraits traits{.name = std::move(name),
                     .scorer = "late interaction of " + model.folder().string(),
                     .divisible = true};
  return {std::move(traits), [model, options = std::move(options)](const StageCall& call) {
            ReadOptions own = options;
            own.cancel = call.cancel;
            const Passages passages = model.encode_passages(call.texts, own);
            LateScores found = model.score(call.query, passages, own);
            Scored scored{.scores = std::move(found.logits), .tokens = passages.tokens()};
            for (const std::uint32_t cut : passages.tokens_cut()) {
              scored.truncated += static_cast<std::size_t>(cut + found.query_tokens_cut > 0);
            }
            return StageResult(std::move(scored));
          }};
}

}  // namespace tamis::stages
