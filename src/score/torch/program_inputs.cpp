// score/torch/program_inputs.cpp: both calling conventions.
#include "score/torch/program_inputs.hpp"

#include <algorithm>
#include <string>

#include <ATen/ATen.h>

namespace tamis {
namespace {

using Inputs = std::vector<c10::IValue>;

/// Fills a tensor on the CPU and moves it.
template <typename T, typename Fill>
at::Tensor make_tensor(at::IntArrayRef sizes, at::Device device, Fill fill) {
  at::Tensor tensor = at::empty(sizes, c10::CppTypeToScalarType<T>::value);
  fill(tensor.data_ptr<T>());
  return tensor.to(device);
}

Inputs packed_inputs(std::span<const PairRef> pairs, at::Device device) {
  std::int64_t tokens = 0;
  std::int64_t longest = 0;
  for (const PairRef& pair : pairs) {
    tokens += static_cast<std::int64_t>(pair.length);
    longest = std::max(longest, static_cast<std::int64_t>(pair.length));
  }
  const auto each = [&](auto write) {
    return [&pairs, write](std::int64_t* cell) {
      for (const PairRef& pair : pairs) {
        for (std::size_t i = 0; i < pair.length; ++i) *cell++ = write(pair, i);
      }
    };
  };
  using Pair = const PairRef&;
  const auto starts = static_cast<std::int64_t>(pairs.size() + 1);
  return {
      make_tensor<std::int64_t>({tokens}, device,
                                each([](Pair p, std::size_t i) { return p.ids[i]; })),
      make_tensor<std::int64_t>({tokens}, device,
                                each([](Pair p, std::size_t i) { return p.type_ids[i]; })),
      make_tensor<std::int64_t>(
          {tokens}, device, each([](Pair, std::size_t i) { return static_cast<std::int64_t>(i); })),
      make_tensor<std::int32_t>({starts}, device,
                                [&](std::int32_t* cell) {
                                  *cell = 0;
                                  for (const PairRef& pair : pairs) {
                                    cell[1] = cell[0] + static_cast<std::int32_t>(pair.length);
                                    ++cell;
                                  }
                                }),
      longest,
  };
}

Inputs padded_inputs(std::span<const PairRef> pairs, const ProgramSpec& spec, at::Device device) {
  std::size_t longest = 0;
  for (const PairRef& pair : pairs) longest = std::max(longest, pair.length);
  const std::vector<std::int64_t> shape = {static_cast<std::int64_t>(pairs.size()),
                                           static_cast<std::int64_t>(longest)};
  const auto rectangle = [&](std::int64_t padding, auto write) {
    return make_tensor<std::int64_t>(shape, device, [&](std::int64_t* cell) {
      for (const PairRef& pair : pairs) {
        for (std::size_t i = 0; i < longest; ++i)
          *cell++ = i < pair.length ? write(pair, i) : padding;
      }
    });
  };
  Inputs inputs;
  for (const std::string& name : spec.inputs) {
    if (name == "input_ids") {
      inputs.emplace_back(rectangle(
          spec.pad_id, [](const PairRef& p, std::size_t i) { return std::int64_t{p.ids[i]}; }));
    } else if (name == "attention_mask") {
      inputs.emplace_back(
          rectangle(0, [](const PairRef&, std::size_t) { return std::int64_t{1}; }));
    } else {
      inputs.emplace_back(rectangle(
          0, [](const PairRef& p, std::size_t i) { return std::int64_t{p.type_ids[i]}; }));
    }
  }
  return inputs;
}

}  // namespace

std::vector<c10::IValue> program_inputs(std::span<const PairRef> pairs, const ProgramSpec& spec,
                                        c10::Device device) {
  return spec.convention == Convention::packed ? packed_inputs(pairs, device)
                                               : padded_inputs(pairs, spec, device);
}

}  // namespace tamis
