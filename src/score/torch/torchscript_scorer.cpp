// score/torch/torchscript_scorer.cpp: the only file that loads and runs TorchScript.
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <tamis/error.hpp>
#include <tamis/score/torchscript_scorer.hpp>

#include "model/folder_stamp.hpp"
#include "model/shared_loads.hpp"
#include "score/torch/device.hpp"
#include "score/torch/guard.hpp"
#include "score/torch/pair_list.hpp"
#include "score/torch/program_inputs.hpp"
#include "score/torch/program_spec.hpp"
#include "score/torch/varlen_attention.hpp"

namespace tamis {
namespace {

/// Module::to(dtype) would turn position tables and other integers into floats too.
void convert(const torch::jit::Module& module, at::ScalarType precision) {
  const auto each = [&](at::Tensor tensor) {
    if (tensor.is_floating_point()) tensor.set_data(tensor.to(precision));
  };
  for (const at::Tensor& tensor : module.parameters()) each(tensor);
  for (const at::Tensor& tensor : module.buffers()) each(tensor);
}

/// A trace holds the device it was made on as a constant, where it makes masks and positions.
void move_device_constants(torch::jit::Block* block, at::Device device) {
  for (torch::jit::Node* node : block->nodes()) {
    if (node->kind() == torch::jit::prim::Constant &&
        node->output()->type()->kind() == c10::TypeKind::DeviceObjType) {
      node->s_(torch::jit::attr::value, device.str());
    }
    for (torch::jit::Block* inner : node->blocks()) move_device_constants(inner, device);
  }
}

/// Programs return logits, a tuple that starts with them, or a dictionary with "logits".
at::Tensor logits_of(const c10::IValue& output) {
  if (output.isTensor()) return output.toTensor();
  if (output.isTuple() && !output.toTupleRef().elements().empty()) {
    return logits_of(output.toTupleRef().elements()[0]);
  }
  if (output.isGenericDict()) {
    const auto dict = output.toGenericDict();
    if (const auto found = dict.find("logits"); found != dict.end())
      return logits_of(found->value());
  }
  raise<ModelError>(
      "the TorchScript program returned a {}, expected a tensor of logits, a tuple that starts "
      "with "
      "it or a dictionary with \"logits\"",
      output.tagKind());
}

/// Of loads that give the same object.
std::string key_of(const std::filesystem::path& bundle, const TorchScriptOptions& options) {
  return fmt::format("{} {} {} {}\n{}", options.device, options.precision, options.max_tokens,
                     options.verify_hashes, folder_stamp(bundle));
}

}  // namespace

struct TorchScriptScorer::Program {
  ProgramSpec spec;
  TorchScriptOptions options;
  at::Device device{c10::kCPU};
  torch::jit::Module module;
  std::size_t max_tokens = 0;

  void load();
  void score(std::span<const PairRef> pairs, std::span<float> logits) const;
  void run(std::span<const PairRef> pairs, std::span<float> logits) const;
};

void TorchScriptScorer::Program::load() {
  const c10::ScalarType precision = parse_precision(options.precision);
  device = parse_device(options.device);
  if (!std::filesystem::exists(spec.program)) {
    raise<ModelError>("{} is missing; export the bundle again", spec.program.string());
  }
  guard("cannot load " + spec.program.string(), [&] {
    torch_ops::register_ops();
    const at::NoGradGuard no_gradients;
    module = torch::jit::load(spec.program.string(), device);
    module.eval();
    convert(module, precision);
    try {
      module = torch::jit::freeze(module);
      move_device_constants(module.get_method("forward").graph()->block(), device);
    } catch (const std::exception&) {
      // A user's program may hold what freezing cannot take; it runs as it is.
    }
  });
  // Enough rows to fill the device's matrix units; more only costs memory.
  max_tokens = options.max_tokens != 0 ? options.max_tokens : device.is_cpu() ? 2048 : 32768;
}

void TorchScriptScorer::Program::run(std::span<const PairRef> pairs,
                                     std::span<float> logits) const {
  const c10::InferenceMode inference;
  // Specialising a program to the shapes it has seen costs seconds here, where each call has
  // others.
  const torch::jit::GraphOptimizerEnabledGuard unspecialised(false);
  torch::jit::Module callable = module;  // forward() is not const; the copy shares all
  const at::Tensor output = logits_of(callable.forward(program_inputs(pairs, spec, device)));
  const auto rows = static_cast<std::int64_t>(pairs.size());
  const auto labels = static_cast<std::int64_t>(spec.labels);
  const bool flat = labels == 1 && output.dim() == 1 && output.size(0) == rows;
  if (!flat && !(output.dim() == 2 && output.size(0) == rows && output.size(1) == labels)) {
    std::string shape;
    for (const std::int64_t size : output.sizes()) shape += std::to_string(size) + ", ";
    raise<ModelError>("{} returned logits of shape [{}], expected [{}, {}]", spec.program.string(),
                      shape.substr(0, shape.empty() ? 0 : shape.size() - 2), rows, labels);
  }
  const at::Tensor result = output.to(at::kCPU, at::kFloat).contiguous();
  std::memcpy(logits.data(), result.const_data_ptr<float>(), logits.size_bytes());
}

void TorchScriptScorer::Program::score(std::span<const PairRef> pairs,
                                       std::span<float> logits) const {
  try {
    guard("cannot run " + spec.program.string(), [&] { run(pairs, logits); });
    return;
  } catch (const OutOfDeviceMemory&) {
    if (pairs.size() == 1) {
      raise<DeviceError>("{} has no memory for one pair of {} tokens; lower max_length or use fp16",
                         device.str(), pairs.front().length);
    }
  }
  // Outside the handler, so that what the failed call held is free by now.
  const std::size_t half = pairs.size() / 2;
  score(pairs.first(half), logits.first(half * spec.labels));
  score(pairs.subspan(half), logits.subspan(half * spec.labels));
}

void register_torch_operators() {
  guard("cannot register tamis::varlen_attention", torch_ops::register_ops);
}

TorchScriptScorer::TorchScriptScorer(std::shared_ptr<const Program> program)
    : program_(std::move(program)) {}

TorchScriptScorer TorchScriptScorer::load(const std::filesystem::path& bundle,
                                          const TorchScriptOptions& options) {
  static SharedLoads<Program> loads;
  return TorchScriptScorer(loads.get(key_of(bundle, options), [&] {
    auto program = std::make_shared<Program>();
    program->spec = read_program_spec(bundle, options.verify_hashes);
    program->options = options;
    program->load();
    return program;
  }));
}

void TorchScriptScorer::score(std::span<const PackedBatch> batches, std::span<float> logits) const {
  std::vector<PackedView> views;
  views.reserve(batches.size());
  for (const PackedBatch& batch : batches) views.push_back(view_of(batch));
  score(std::span<const PackedView>(views), logits);
}

void TorchScriptScorer::score(std::span<const PackedView> views, std::span<float> logits) const {
  const ProgramSpec& spec = program_->spec;
  const std::vector<PairRef> list = list_pairs(views, spec);
  if (logits.size() != list.size() * spec.labels) {
    raise<InvalidArgument>("room for {} logits, expected {} pairs x {} labels", logits.size(),
                           list.size(), spec.labels);
  }
  std::span<const PairRef> pairs = list;
  while (!pairs.empty()) {
    const std::size_t count = fitting(pairs, spec.convention, program_->max_tokens);
    program_->score(pairs.first(count), logits.first(count * spec.labels));
    pairs = pairs.subspan(count);
    logits = logits.subspan(count * spec.labels);
  }
}

std::size_t TorchScriptScorer::labels() const { return program_->spec.labels; }

std::string TorchScriptScorer::description() const {
  return "torchscript " + program_->options.precision + " " + program_->device.str();
}

}  // namespace tamis
