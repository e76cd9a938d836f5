// cross_encoder/prompt.hpp: the text before each query.
#pragma once

#include <deque>
#include <span>
#include <string>
#include <vector>

#include <tamis/cross_encoder.hpp>
#include <tamis/model/bundle.hpp>

namespace tamis {

/// The caller's prompt, else the one he names, else the model's default; often empty.
/// Throws InvalidArgument for a name that the model does not have.
[[nodiscard]] std::string prompt_of(const ModelSpec& spec, const PredictOptions& options);

/// Pairs with `prompt` before each query; owns the longer queries.
class PromptedPairs {
 public:
  PromptedPairs(std::span<const TextPair> pairs, const std::string& prompt);
  [[nodiscard]] std::span<const TextPair> pairs() const { return pairs_; }

 private:
  std::deque<std::string> queries_;  // views into it stay valid as it grows
  std::vector<TextPair> pairs_;
};

}  // namespace tamis
