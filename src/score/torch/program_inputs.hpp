// score/torch/program_inputs.hpp: pairs -> the tensors that a program takes (private).
#pragma once

#include <span>
#include <vector>

#include <ATen/core/ivalue.h>
#include <c10/core/Device.h>

#include "score/torch/pair_list.hpp"
#include "score/torch/program_spec.hpp"

namespace tamis {

/// The arguments of the program's forward, by the spec's convention, on `device`.
[[nodiscard]] std::vector<c10::IValue> program_inputs(std::span<const PairRef> pairs,
                                                      const ProgramSpec& spec, c10::Device device);

}  // namespace tamis
