// remote/judge_prompt.hpp: what a judge is asked.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/remote/judge.hpp>

namespace tamis::remote {

/// The prompt's text: the caller's, or the one that comes with the library. Throws InvalidArgument
/// when a caller's lacks a field.
[[nodiscard]] std::string prompt_of(const JudgeOptions& options);

[[nodiscard]] std::string pointwise_prompt(const JudgeOptions& options, std::string_view prompt,
                                           std::string_view query, std::string_view passage);

/// Passages are numbered from 1.
[[nodiscard]] std::string listwise_prompt(const JudgeOptions& options, std::string_view prompt,
                                          std::string_view query,
                                          std::span<const std::string_view> passages);

}  // namespace tamis::remote
