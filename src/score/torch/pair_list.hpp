// score/torch/pair_list.hpp: the pairs of several micro-batches, cut anew for the device (private).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tamis/score/scorer_abi.hpp>

#include "score/torch/program_spec.hpp"

namespace tamis {

/// One pair inside a caller's batch.
struct PairRef {
  const TokenId* ids;
  const std::uint8_t* type_ids;
  std::size_t length;
};

/// The pairs of all views, in order. Throws InvalidArgument on an id outside the vocabulary or a
/// pair that is empty or longer than the model reads: a GPU would stop the whole process instead.
[[nodiscard]] std::vector<PairRef> list_pairs(std::span<const PackedView> views,
                                              const ProgramSpec& spec);

/// How many pairs from the front of `pairs` go into one call of at most `max_tokens` tokens (cells,
/// where padding counts); at least 1.
[[nodiscard]] std::size_t fitting(std::span<const PairRef> pairs, Convention convention,
                                  std::size_t max_tokens);

}  // namespace tamis
