// remote/judge_answer.hpp: readings of a judge's answer beside those of judge.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "remote/chat.hpp"

namespace tamis::remote {

/// Of an answer; what is behind is not read.
inline constexpr std::size_t kReadBytes = 16'384;
/// Of an object in it.
inline constexpr std::size_t kLongestObject = 4096;

/// The "reason" of an answer in JSON, or "".
[[nodiscard]] std::string read_reason(std::string_view answer);

/// The mean grade by the probabilities of the tokens that are grades, which are made to sum to 1;
/// nothing when none is. (Liu et al., G-Eval, EMNLP 2023.)
[[nodiscard]] std::optional<double> expected_grade(const std::vector<TokenChance>& chances,
                                                   std::size_t highest);

}  // namespace tamis::remote
