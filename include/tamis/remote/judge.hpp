// tamis/remote/judge.hpp: a language model as the last stage.
//
//   tamis::stages::judge({.base_url = "http://localhost:8080/v1", .model = "qwen3-8b",
//                         .rubric = "3: answers fully. 0: about something else."})
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/cascade/stage.hpp>
#include <tamis/remote/http.hpp>
#include <tamis/remote/price.hpp>

namespace tamis {

enum class JudgeMode {
  pointwise,  ///< a grade and a reason for each passage
  expected,   ///< the expected grade by the probabilities of the grades' tokens; needs logprobs
  listwise,   ///< windows from the bottom to the top (RankGPT, Sun et al., EMNLP 2023)
};

struct JudgeOptions {
  std::string base_url;  ///< of an OpenAI-compatible server, "/v1" and all
  std::string model;
  /// None: OPENAI_API_KEY of the environment, if it is set. It is in no message and no trace.
  std::optional<std::string> api_key = {};
  std::string rubric = "Judge by relevance: does the passage hold what the query asks for?";
  JudgeMode mode = JudgeMode::pointwise;
  std::size_t highest_grade = 3;  ///< grades are 0 to this, at most 9
  /// A prompt's text with {query} and {passage} ({passages} and {count} for listwise) in it; empty:
  /// the one that comes with this version, `judge_prompt_version()`.
  std::string prompt = {};
  /// A JSON object whose fields each request gets, in place of ours; null leaves one of ours out:
  /// {"max_tokens": null, "max_completion_tokens": 2000, "temperature": null}. Empty: none.
  std::string body = {};
  std::size_t max_passage_bytes = 8000;  ///< what is longer is cut, and counted as truncated
  std::size_t window = 20;               ///< listwise
  std::size_t step = 10;                 ///< listwise, at most the window
  std::size_t retries = 1;               ///< of each request, answers that cannot be read included
  double backoff_ms = 50;
  Price price = {};
  HttpOptions http = {};
  std::string name = "judge";
};

/// "pointwise.v1" or "listwise.v1": it changes whenever the text does.
[[nodiscard]] std::string_view judge_prompt_version(JudgeMode mode);

/// A grade that a model's answer holds: JSON with a "grade", or a lone number. Nothing when it
/// holds none from 0 to `highest`.
[[nodiscard]] std::optional<double> read_grade(std::string_view answer, std::size_t highest);

/// The order that an answer like "[2] > [1]" stands for, always a permutation of 0..count-1:
/// numbers outside and repeated ones are passed over, and those without brackets where others have
/// them; those that are missing follow in their order.
/// `named` is how many the answer named.
struct ReadOrder {
  std::vector<std::size_t> order;
  std::size_t named = 0;
};
[[nodiscard]] ReadOrder read_order(std::string_view answer, std::size_t count);

/// What the model said of a passage.
struct Judgement {
  std::optional<double> grade;  ///< 0 to highest_grade; none: no answer that could be read
  std::string reason;           ///< empty where the mode or the model gives none
  std::string error;            ///< why there is no grade
  long status = 0;              ///< of the response that said so; 0 when none came
  std::size_t answers = 0;      ///< that the model gave: 0 when none came, more after a retry
  std::size_t tokens = 0;       ///< of all answers
  double dollars = 0;
};

struct JudgeBill {
  std::size_t tokens = 0;
  std::size_t truncated = 0;  ///< passages that were cut
  double dollars = 0;
};

/// Asks the model. Copies share connections; any number of threads may call.
class Judge {
 public:
  /// Throws InvalidArgument for options that cannot be used.
  explicit Judge(JudgeOptions options);

  /// A judgement for each passage (modes pointwise and expected), side by side until the deadline.
  [[nodiscard]] std::vector<Judgement> grade(std::string_view query,
                                             std::span<const std::string_view> passages,
                                             const Deadline& deadline, const CancelToken& cancel,
                                             JudgeBill& bill) const;

  /// A permutation of the passages, best first, by windows (mode listwise). Windows that the
  /// deadline or a failure left out keep their order; `problems` tells of them. Throws RemoteError
  /// when there was not one.
  [[nodiscard]] std::vector<std::size_t> order(std::string_view query,
                                               std::span<const std::string_view> passages,
                                               const Deadline& deadline, const CancelToken& cancel,
                                               JudgeBill& bill,
                                               std::vector<std::string>& problems) const;

  [[nodiscard]] const JudgeOptions& options() const noexcept;

 private:
  struct Parts;
  std::shared_ptr<const Parts> parts_;
};

namespace stages {

/// Pointwise: passages are graded side by side, from the top; at the deadline those that have a
/// grade are ranked, and the others follow in their order. Listwise: at the deadline the windows
/// that are done count. Throws InvalidArgument for options that cannot be used.
[[nodiscard]] AnyStage judge(JudgeOptions options);

}  // namespace stages
}  // namespace tamis
