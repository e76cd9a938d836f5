// score/engine/fused_encoder_scorer.cpp: micro-batches over the cores, or one over all of them.
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "model/shared_loads.hpp"
#include "parallel/parallel_for.hpp"
#include "score/engine/encoder_weights.hpp"
#include "score/engine/forward.hpp"

namespace tamis {
namespace {

constexpr std::size_t kEvenRounds = 8;

/// Workspaces are as many as ever ran at once, not as many as threads ever called.
class WorkspaceShelf {
 public:
  std::unique_ptr<engine::Workspace> take() {
    const std::scoped_lock lock(mutex_);
    if (free_.empty()) return std::make_unique<engine::Workspace>();
    auto workspace = std::move(free_.back());
    free_.pop_back();
    return workspace;
  }
  void put(std::unique_ptr<engine::Workspace> workspace) {
    const std::scoped_lock lock(mutex_);
    free_.push_back(std::move(workspace));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<engine::Workspace>> free_;
};

}  // namespace

struct FusedEncoderScorer::Model {
  Model(engine::EncoderWeights loaded, std::string name)
      : weights(std::move(loaded)), precision(std::move(name)) {}

  engine::EncoderWeights weights;
  std::string precision;
  mutable WorkspaceShelf shelf;

  void score(const PackedBatch& batch, std::span<float> logits, const engine::Team& team) const {
    if (batch.pairs() == 0) return;
    auto workspace = shelf.take();
    engine::encode(weights, batch, *workspace, team);
    engine::read_head(weights, batch, *workspace, logits);
    shelf.put(std::move(workspace));  // a throw drops it, which costs an allocation later
  }
};

namespace {

constexpr double kSameRanking = 0.99;

struct Choice {
  std::string precision;
  std::string reason;
};

Choice choose(const ModelSpec& spec, const engine::Kernels& kernels, const std::string& wanted) {
  if (wanted != "auto") return {wanted, ""};
  for (const engine::Product* product : kernels.fastest_first()) {
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
std::string key_of(const ModelSpec& spec, const WeightFile& file, const engine::Kernels& kernels,
                   const std::string& precision) {
  return fmt::format("{} {} {}\n{}{}", precision, kernels.name, spec.labels, file.identity(),
                     spec.config_json);
}

}  // namespace

FusedEncoderScorer FusedEncoderScorer::load(const ModelSpec& spec, const EngineOptions& options) {
  static SharedLoads<Model> loaded;
  const engine::Kernels& kernels =
      options.isa.empty() ? engine::kernels() : engine::kernels_for(options.isa);
  const Choice choice = choose(spec, kernels, options.precision);
  engine::require_known(spec);
  const WeightFile file = open_weights(spec);
  auto model = loaded.get(key_of(spec, file, kernels, choice.precision), [&] {
    return std::make_shared<const Model>(
        engine::load_encoder(spec, file, kernels, choice.precision), choice.precision);
  });
  return {std::move(model), choice.reason};
}

void FusedEncoderScorer::score(std::span<const PackedBatch> batches,
                               std::span<float> logits) const {
  std::vector<std::size_t> first(batches.size() + 1, 0);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    first[i + 1] = first[i] + batches[i].pairs() * labels();
  }
  if (logits.size() != first.back()) {
    raise<InvalidArgument>("{} logits are expected, room is for {}", first.back(), logits.size());
  }
  const auto score_one = [&](std::size_t i, engine::Team team) {
    model_->score(batches[i], logits.subspan(first[i], first[i + 1] - first[i]), team);
  };
  // One batch for each thread and round; what is left over is split over the threads, unless there
  // is so much before it that the last round evens out.
  const std::size_t threads = num_threads();
  const std::size_t rounds = batches.size() / threads;
  const std::size_t whole = rounds < kEvenRounds ? rounds * threads : batches.size();
  parallel_for(whole, [&](std::size_t i) { score_one(i, {.split = false}); });
  for (std::size_t i = whole; i < batches.size(); ++i) score_one(i, {.split = true});
}

std::size_t FusedEncoderScorer::labels() const { return model_->weights.config.labels; }

std::string FusedEncoderScorer::description() const {
  return fmt::format("engine {} {}{}", model_->precision, model_->weights.kernels->name, reason_);
}

}  // namespace tamis
