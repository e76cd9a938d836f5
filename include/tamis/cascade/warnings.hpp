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

/// Of texts that the stage cut, where it has something to say of that.
inline void warn_of_cuts(const StageTraits& traits, StageTrace& trace) {
  if (trace.truncated == 0 || traits.if_cut.empty() || !trace.ran.empty()) return;
  trace.warnings.push_back(fmt::format("'{}' read only a part of {} of {} texts: {}", trace.name,
                                       trace.truncated, trace.scored, traits.if_cut));
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
