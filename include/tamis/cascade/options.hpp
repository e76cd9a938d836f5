// tamis/cascade/options.hpp: how a stage is used, and how a cascade fails.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tamis/cancel.hpp>
#include <tamis/cascade/clock.hpp>
#include <tamis/cascade/stage.hpp>

namespace tamis {

/// What a stage's failure does to the run.
enum class OnError {
  skip,   ///< the ranking stays as it came, and the trace says why
  raise,  ///< throw StageError
};

struct StageOptions {
  std::size_t keep = 0;                   ///< candidates that go on; at least 1
  std::optional<std::size_t> limit = {};  ///< candidates that are scored, from the top; default all
  std::optional<double> share = {};  ///< of the budget, in (0, 1]: the longest this stage may take
  /// Absent: skip; but raise where a stage retrieves and did not fail for want of time: there is no
  /// ranking to keep then.
  std::optional<OnError> on_error = {};
  /// Earlier stages by name ("input": the score a candidate came with), or sources of the first
  /// ("bm25") -> weight: their scores are added to this stage's own, each as z-scores over the
  /// candidates that are scored here.
  std::map<std::string, double> blend = {};
  /// Skip when the score of the best candidate leads that of the second by at least this much: the
  /// score by the stage before. Where that one failed or was skipped, this one is not.
  std::optional<double> skip_margin = {};
  /// Scoring stages tried in turn when this one fails, in what time is left.
  std::vector<AnyStage> fallback = {};
  std::size_t retries = 0;
  double backoff_ms = 20;  ///< before the first retry; doubles, with up to half of it as jitter
  std::size_t chunk = 16;  ///< candidates of one call of a divisible stage
  std::size_t breaker =
      5;  ///< failed runs in a row after which the stage is left alone for a while
  /// Also after how long a stage is tried again that was so slow that not one candidate fits.
  double breaker_ms = 30'000;
};

struct CascadeStage {
  AnyStage stage;
  StageOptions options;
};

/// Of one run.
struct RunOptions {
  std::optional<double> budget_ms = {};  ///< instead of the cascade's; 0: nothing is scored
  CancelToken cancel = {};
};

struct CascadeOptions {
  std::optional<double> budget_ms = {};  ///< of a whole run
  std::shared_ptr<const Clock> clock = std::make_shared<SteadyClock>();
};

}  // namespace tamis
