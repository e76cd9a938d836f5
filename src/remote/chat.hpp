// remote/chat.hpp: the chat completions of OpenAI-compatible servers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cascade/clock.hpp>

namespace tamis::remote {

/// A token that could have come first, with its natural logarithm of probability.
struct TokenChance {
  std::string token;
  double logprob;
};

struct ChatAnswer {
  std::string text;
  std::vector<TokenChance> first_token;  ///< empty when the server sends no logprobs
  std::size_t tokens = 0;                ///< of prompt and answer, as the server counts
};

struct ChatQuestion {
  std::string_view model;
  std::string_view prompt;
  std::size_t max_tokens;
  bool chances = false;  ///< ask for the first token's alternatives
  std::size_t highest_grade = 0;
  bool graded = false;         ///< ask for {"reason", "grade"} by a JSON schema
  std::string_view body = {};  ///< JudgeOptions::body
};

/// Throws InvalidArgument unless it is empty or an object that leaves messages alone.
void require_fields(std::string_view body);

/// The body of a request. Deterministic, where `body` does not say otherwise: temperature 0.
/// Invalid UTF-8 is sent as U+FFFD. Throws RemoteError when `deadline` passes while it is written.
[[nodiscard]] std::string chat_body(const ChatQuestion& question,
                                    const Deadline* deadline = nullptr);

/// Throws RemoteError when the body is no chat completion, or `deadline` passes while it is read.
[[nodiscard]] ChatAnswer parse_chat(std::string_view body, const Deadline* deadline = nullptr);

}  // namespace tamis::remote
