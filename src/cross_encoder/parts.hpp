// cross_encoder/parts.hpp: what a loaded CrossEncoder is made of.
#pragma once

#include <cstddef>
#include <memory>

#include <tamis/batch/planner.hpp>
#include <tamis/cross_encoder.hpp>
#include <tamis/model/bundle.hpp>

#include "cross_encoder/wave.hpp"

namespace tamis {

struct CrossEncoder::Parts {
  ModelSpec spec;
  AnyTokenizer tokenizer;
  PairTemplate around;  ///< the tokenizer's, with the model's prefixes
  AnyScorer scorer;
  std::size_t max_length = 0;
  Activation activation = Activation::identity;
  PlanOptions plan;  ///< what suits the scorer where the caller states no budget
  double wave_seconds = 0;
  std::unique_ptr<Pace>
      pace;  ///< the only part that changes; null: each group of pairs learns its own
};

}  // namespace tamis
