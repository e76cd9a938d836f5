// tamis/cascade/stage.hpp: the interface of one mesh of the cascade.
//
//   struct Shortest {                                     // a stage of one's own
//     tamis::StageTraits traits() const { return {.name = "shortest"}; }
//     tamis::StageResult operator()(const tamis::StageCall& call) const {
//       tamis::Scored scored;
//       for (std::string_view text : call.texts) scored.scores.push_back(-1.0F * text.size());
//       return scored;
//     }
//   };
#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <tamis/cancel.hpp>
#include <tamis/cascade/candidate.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/text/tokens.hpp>

namespace tamis {

enum class StageKind {
  retrieve,  ///< query -> candidates; only as the first stage
  score,     ///< candidates -> scores
  select,    ///< candidates -> fewer of them, or another order
};

/// What a stage says of itself.
struct StageTraits {
  std::string name;
  StageKind kind = StageKind::score;
  /// What computes the scores: two stages with the same one, side by side, pay twice for one
  /// answer. Empty: nothing that costs.
  std::string scorer = {};
  /// The scores are probabilities, or the logits of them, that were checked on data.
  bool calibrated = false;
  bool needs_calibrated = false;  ///< a select stage that compares scores with a constant
  /// May be called with a few candidates at a time, so that it can stop at the deadline: its scores
  /// do not depend on the other candidates of a call.
  bool divisible = false;
  /// Of a retrieve stage: which `Candidate::sources` it gives.
  std::vector<std::string> sources = {};
  /// What to do where texts are cut: a run in which some were warns, with this. Empty: no warning.
  std::string if_cut = {};
};

/// What a stage is given: its candidates, best first.
struct StageCall {
  std::string_view query;
  std::span<const std::string_view> texts;
  std::span<const std::string_view> ids;
  /// Of the latest stage that scored; empty when not all of these candidates have one.
  std::span<const float> scores;
  const Deadline& deadline;
  const CancelToken& cancel;
  std::span<const void* const> documents = {};  ///< Candidate::document of each
};

/// `scores[i]` is that of `texts[i]`; fewer than there are texts when the stage stopped early.
struct Scored {
  std::vector<float> scores;
  std::size_t tokens = 0;
  std::size_t truncated = 0;  ///< texts that were cut
  double dollars = 0;
  std::vector<std::string> warnings = {};
  /// Why the stage failed, where what it cost is to be in the trace all the same: as if thrown.
  std::exception_ptr failure = {};
  /// Whether a score may be NaN: the text then has none, and goes below those that have one.
  bool gaps = false;
  /// Where windows were scored: for each score, bytes of its text, those of the window that won (of
  /// a text read whole, all of it). Empty: there were none.
  std::vector<Span> spans = {};
};

/// Indices into `texts`, in their new order; `reason` says why the others leave.
struct Selected {
  std::vector<std::size_t> order;
  std::string reason;
  std::size_t duplicates = 0;
  std::optional<std::string> cut = {};  ///< why it ended before it had looked at all
};

struct Retrieved {
  std::vector<Candidate> candidates;  ///< best first; an id twice is kept once
};

using StageResult = std::variant<Scored, Selected, Retrieved>;

/// Any number of threads may call one stage.
template <typename T>
concept Stage = requires(const T& stage, const StageCall& call) {
  { stage.traits() } -> std::same_as<StageTraits>;
  { stage(call) } -> std::convertible_to<StageResult>;
};

/// A stage that also takes calls of several queries at once, and gives a result for each: those
/// that it would give one by one.
template <typename T>
concept StageOfMany = Stage<T> && requires(const T& stage, std::span<const StageCall> calls) {
  { stage.many(calls) } -> std::same_as<std::vector<StageResult>>;
};

/// Holds any stage; copies share it.
class AnyStage {
 public:
  template <Stage T>
  requires(!std::same_as<std::remove_cvref_t<T>, AnyStage>)
      AnyStage(T stage)  // NOLINT(google-explicit-constructor): a value that stands for any
      : traits_(stage.traits()) {
    auto shared = std::make_shared<const T>(std::move(stage));
    run_ = [shared](const StageCall& call) { return StageResult((*shared)(call)); };
    if constexpr (StageOfMany<T>) {
      many_ = [shared](std::span<const StageCall> calls) { return shared->many(calls); };
    }
  }
  using One = std::function<StageResult(const StageCall&)>;
  using Many = std::function<std::vector<StageResult>(std::span<const StageCall>)>;
  AnyStage(StageTraits traits, One run, Many many = {})
      : traits_(std::move(traits)), run_(std::move(run)), many_(std::move(many)) {}

  [[nodiscard]] const StageTraits& traits() const noexcept { return traits_; }
  [[nodiscard]] StageResult operator()(const StageCall& call) const { return run_(call); }

  [[nodiscard]] bool takes_many() const noexcept { return many_ != nullptr; }
  /// Only where `takes_many()`.
  [[nodiscard]] std::vector<StageResult> many(std::span<const StageCall> calls) const {
    return many_(calls);
  }

  /// The same stage under another name.
  [[nodiscard]] AnyStage named(std::string name) const {
    AnyStage other = *this;
    other.traits_.name = std::move(name);
    return other;
  }

 private:
  StageTraits traits_;
  One run_;
  Many many_;
};

namespace stages {

namespace detail {

/// Names a model in `StageTraits::scorer`: equal however its path is written.
inline std::string name_of(const std::filesystem::path& folder) {
  std::error_code unknown;
  const std::filesystem::path whole = std::filesystem::weakly_canonical(folder, unknown);
  return (unknown ? folder : whole).string();
}

}  // namespace detail

/// A stage from a function (query, texts) -> scores.
template <typename Function>
requires std::is_invocable_r_v < std::vector<float>,
const Function&, std::string_view,
    std::span < const std::string_view >>
        [[nodiscard]] AnyStage callable(const std::string& name, Function function) {
  return {StageTraits{.name = name, .scorer = name},
          [function = std::move(function)](const StageCall& call) -> StageResult {
            return Scored{.scores = function(call.query, call.texts)};
          }};
}

/// A first stage from a function query -> candidates, best first. `sources`: the names of the
/// candidates' `sources`, for later stages to blend with.
template <typename Function>
requires std::is_invocable_r_v < std::vector<Candidate>,
const Function&,
    std::string_view > [[nodiscard]] AnyStage retrieve(std::string name, Function function,
                                                       std::vector<std::string> sources = {}) {
  return {StageTraits{
              .name = std::move(name), .kind = StageKind::retrieve, .sources = std::move(sources)},
          [function = std::move(function)](const StageCall& call) -> StageResult {
            return Retrieved{function(call.query)};
          }};
}

/// The same of a function that takes several queries at once, and gives candidates for each:
/// `Cascade::run_many` calls it once.
template <typename Function>
requires std::is_invocable_r_v < std::vector<std::vector<Candidate>>,
const Function&, std::span < const std::string_view >>
                     [[nodiscard]] AnyStage retrieve_many(std::string name, Function function,
                                                          std::vector<std::string> sources = {}) {
  const auto many = [function = std::move(function)](std::span<const StageCall> calls) {
    std::vector<std::string_view> queries;
    for (const StageCall& call : calls) queries.push_back(call.query);
    std::vector<StageResult> results;
    for (std::vector<Candidate>& found : function(std::span<const std::string_view>(queries))) {
      results.emplace_back(Retrieved{std::move(found)});
    }
    return results;
  };
  return {StageTraits{
              .name = std::move(name), .kind = StageKind::retrieve, .sources = std::move(sources)},
          [many](const StageCall& call) -> StageResult { return many(std::span(&call, 1)).at(0); },
          many};
}

}  // namespace stages

}  // namespace tamis
