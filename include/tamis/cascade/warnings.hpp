// tamis/cascade/warnings.hpp: what a run came to that was hardly meant, in words.
#pragma once

#include <algorithm>
#include <span>
#include <string>

#include <fmt/format.h>

#include <tamis/cascade/options.hpp>
#include <tamis/cascade/stage.hpp>
#include <tamis/cascade/trace.hpp>

namespace tamis::detail {

/// Of texts that the stage cut, or the fallback that ran in its place, where that has something to
/// say of it.
inline void warn_of_cuts(const CascadeStage& stage, StageTrace& trace) {
  if (trace.truncated == 0) return;
  StageTraits ran = stage.stage.traits();
  for (const AnyStage& fallback : stage.options.fallback) {
    if (fallback.traits().name == trace.ran) ran = fallback.traits();
  }
  if (ran.if_cut.empty()) return;
  trace.warnings.push_back(fmt::format("'{}' read only a part of {} of {} texts: {}", ran.name,
                                       trace.truncated, trace.scored, ran.if_cut));
}

/// Of a stage that is left out although it was to run.
inline void warn_of_failure(const std::string& why, StageTrace& trace) {
  trace.warnings.push_back(fmt::format("'{}' failed and was left out: {}", trace.name, why));
}

/// Of scores to blend with that no candidate has. A stage that gives none has its own reasons.
inline void warn_of_empty_blend(const std::string& name, std::span<const CascadeStage> stages,
                                StageTrace& trace) {
  const bool of_stage = std::any_of(stages.begin(), stages.end(), [&](const CascadeStage& one) {
    return one.stage.traits().name == name;
  });
  if (of_stage) return;
  trace.warnings.push_back(
      fmt::format("'{}' blends with '{}', of which no candidate has a score", trace.name, name));
}

}  // namespace tamis::detail
