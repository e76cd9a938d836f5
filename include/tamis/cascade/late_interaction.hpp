// tamis/cascade/late_interaction.hpp: late interaction as a stage, before a cross-encoder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tamis/cascade/stage.hpp>
#include <tamis/late_interaction.hpp>

namespace tamis::stages {

namespace detail {

class LateInteractionStage {
 public:
  LateInteractionStage(LateInteraction model, ReadOptions options, std::string name, bool warns)
      : model_(std::move(model)),
        options_(std::move(options)),
        name_(std::move(name)),
        warns_(warns) {}

  [[nodiscard]] StageTraits traits() const {
    return {.name = name_,
            .scorer = name_of(model_.folder()),
            .divisible = true,
            .if_cut = warns_
                          ? "they, or their query, are longer than the model reads; pass shorter "
                            "pieces, or let it ignore that (on_truncation=\"ignore\")"
                          : ""};
  }

  [[nodiscard]] StageResult operator()(const StageCall& call) const {
    return std::move(many(std::span(&call, 1)).front());
  }

  /// The passages of all calls are encoded together, and so are the queries.
  [[nodiscard]] std::vector<StageResult> many(std::span<const StageCall> calls) const {
    std::vector<std::string_view> texts;
    for (const StageCall& call : calls) {
      texts.insert(texts.end(), call.texts.begin(), call.texts.end());
    }
    ReadOptions own = options_;
    if (!calls.empty()) own.cancel = calls.front().cancel;
    const Passages passages = model_.encode_passages(texts, own);
    std::vector<Passages> lists;
    std::vector<std::string_view> queries;
    std::size_t first = 0;
    for (const StageCall& call : calls) {
      std::vector<std::size_t> indices(call.texts.size());
      std::iota(indices.begin(), indices.end(), first);
      first += indices.size();
      lists.push_back(passages.select(indices));
      queries.push_back(call.query);
    }
    std::vector<LateScores> found = model_.score(queries, lists, own);
    std::vector<StageResult> results;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      results.emplace_back(scored(std::move(found[i]), lists[i]));
    }
    return results;
  }

 private:
  [[nodiscard]] static Scored scored(LateScores found, const Passages& passages) {
    Scored scored{.scores = std::move(found.logits), .tokens = passages.tokens()};
    for (const std::uint32_t cut : passages.tokens_cut()) {
      scored.truncated += static_cast<std::size_t>(cut + found.query_tokens_cut > 0);
    }
    return scored;
  }

  LateInteraction model_;
  ReadOptions options_;
  std::string name_;
  bool warns_;
};

}  // namespace detail

/// Scores by logit. Texts go through the model's cache: each is encoded when it is first seen. A
/// run in which texts were cut warns, unless told not to.
[[nodiscard]] inline AnyStage late_interaction(const LateInteraction& model,
                                               ReadOptions options = {},
                                               std::string name = "late_interaction",
                                               bool warns_of_cuts = true) {
  return detail::LateInteractionStage(model, std::move(options), std::move(name), warns_of_cuts);
}

}  // namespace tamis::stages
