// score/engine/shared_encoder.cpp: micro-batches over the cores, or one over all of them.
#include "score/engine/shared_encoder.hpp"

#include <fmt/format.h>

#include <tamis/parallel.hpp>

#include "model/shared_loads.hpp"
#include "parallel/parallel_for.hpp"

namespace tamis::engine {
namespace {

constexpr std::size_t kEvenRounds = 8;
constexpr double kSameRanking = 0.99;

struct Choice {
  std::string precision;
  std::string reason;
};

Choice choose(const ModelSpec& spec, const Kernels& kernels, const std::string& wanted) {
  if (wanted != "auto") return {kernels.product(wanted).precision, ""};
  for (const Product* product : kernels.fastest_first()) {
    const std::string name = product->precision;
    if (name == "fp32") break;
    const auto tau = spec.ranking_parity.find(name);
    if (tau != spec.ranking_parity.end() && tau->second >= kSameRanking) {
      return {name, fmt::format(" (auto: Kendall tau {:.4f})", tau->second)};
    }
  }
  return {"fp32", spec.ranking_parity.empty()
                      ? " (auto: the model records no other precision's parity)"
                      : " (auto: no faster precision keeps the ranking)"};
}

/// Everything that the loaded weights depend on.
std::string key_of(const ModelSpec& spec, const WeightFile& file, const Kernels& kernels,
                   const std::string& precision, Head head) {
  return fmt::format("{} {} {} {}\n{}{}", precision, kernels.name, spec.labels,
                     head == Head::left_out, file.identity(), spec.config_json);
}

}  // namespace

std::unique_ptr<Workspace> WorkspaceShelf::take() {
  State& own = states_.here();
  const std::scoped_lock lock(own.mutex);
  if (own.free.empty()) return std::make_unique<Workspace>();
  auto workspace = std::move(own.free.back());
  own.free.pop_back();
  return workspace;
}

void WorkspaceShelf::put(std::unique_ptr<Workspace> workspace) {
  State& own = states_.here();
  const std::scoped_lock lock(own.mutex);
  own.free.push_back(std::move(workspace));
}

void SharedEncoder::run(std::span<const PackedBatch> batches, const Pass& pass) const {
  const std::size_t last = pass.last.value_or(weights_.layers.size());
  const auto layers = std::span(weights_.layers).subspan(pass.first, last - pass.first);
  const auto run_one = [&](std::size_t i, Team team) {
    if (batches[i].pairs() == 0) return;
    auto workspace = shelf_.take();
    if (pass.start) {
      pass.start(i, *workspace);
    } else {
      embed(weights_, batches[i], *workspace, team);
    }
    run_layers(weights_, layers, batches[i], *workspace, team);
    pass.read(i, *workspace);
    shelf_.put(std::move(workspace));  // a throw drops it, which costs an allocation later
  };
  // One batch for each thread and round; what is left over is split over the threads, unless there
  // is so much before it that the last round evens out.
  const std::size_t threads = num_threads();
  const std::size_t rounds = batches.size() / threads;
  const std::size_t whole = rounds < kEvenRounds ? rounds * threads : batches.size();
  parallel_for(whole, [&](std::size_t i) { run_one(i, {.split = false}); });
  for (std::size_t i = whole; i < batches.size(); ++i) run_one(i, {.split = true});
}

LoadedEncoder load_shared_encoder(const ModelSpec& spec, const EngineOptions& options, Head head) {
  static SharedLoads<SharedEncoder> loaded;
  const Kernels& set = options.isa.empty() ? kernels() : kernels_for(options.isa);
  Choice choice = choose(spec, set, options.precision);
  require_known(spec);
  const WeightFile file = open_weights(spec);
  auto encoder = loaded.get(key_of(spec, file, set, choice.precision, head), [&] {
    return std::make_shared<const SharedEncoder>(
        load_encoder(spec, file, set, choice.precision, head), choice.precision);
  });
  return {std::move(encoder), std::move(choice.reason)};
}

}  // namespace tamis::engine
