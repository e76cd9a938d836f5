// cross_encoder/prompt.cpp
#include "cross_encoder/prompt.hpp"

#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include <tamis/error.hpp>

namespace tamis {

std::string prompt_of(const ModelSpec& spec, const PredictOptions& options) {
  if (options.prompt) return *options.prompt;
  const auto& name = options.prompt_name ? options.prompt_name : spec.default_prompt;
  if (!name) return {};
  const auto found = spec.prompts.find(*name);
  if (found != spec.prompts.end()) return found->second;
  std::string known;
  for (const auto& [each, text] : spec.prompts) known += (known.empty() ? "" : ", ") + each;
  if (known.empty()) known = "none";
  if (options.prompt_name) {
    raise<InvalidArgument>("the model has no prompt '{}'; it has {}", *name, known);
  }
  raise<InvalidArgument>(
      "{}: the default prompt '{}' is not among its prompts; it has {}: name one, or give the "
      "prompt itself",
      spec.folder.string(), *name, known);
}

PromptedPairs::PromptedPairs(std::span<const TextPair> pairs, const std::string& prompt) {
  std::unordered_map<std::string_view, std::string_view> prompted;
  pairs_.reserve(pairs.size());
  for (const TextPair& pair : pairs) {
    const auto [entry, fresh] = prompted.try_emplace(pair.query);
    if (fresh) entry->second = queries_.emplace_back(prompt + std::string(pair.query));
    pairs_.push_back({entry->second, pair.document});
  }
}

}  // namespace tamis
