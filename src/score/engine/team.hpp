// score/engine/team.hpp: who computes a step: this thread alone, or the pool.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

#include "parallel/parallel_for.hpp"

namespace tamis::engine {

/// A micro-batch alone on its core runs every step in one thread; a micro-batch that has the
/// machine to itself splits each step. The pieces never change what is computed.
struct Team {
  bool split = false;

  void run(std::size_t pieces, const std::function<void(std::size_t)>& work) const {
    if (split) {
      parallel_for(pieces, work);
    } else {
      for (std::size_t i = 0; i < pieces; ++i) work(i);
    }
  }

  /// Calls work(begin, end) for ranges of at most `step` of [0, count).
  template <typename Work>
  void ranges(std::size_t count, std::size_t step, Work&& work) const {
    run((count + step - 1) / step, [&](std::size_t piece) {
      const std::size_t begin = piece * step;
      work(begin, std::min(begin + step, count));
    });
  }
};

}  // namespace tamis::engine
