// tamis/score/torchscript_scorer.hpp: scores with a bundle's TorchScript program, on a CPU or a
// GPU.
//
//   auto scorer = tamis::TorchScriptScorer::load("bundles/bge-m3", {.device = "cuda", .precision =
//   "fp16"}); auto model = tamis::CrossEncoder::load("bundles/bge-m3", scorer);
//
// Loading a TorchScript file can run code: load bundles only from those you trust. The engine reads
// the same bundle without running anything of it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include <tamis/batch/packed.hpp>
#include <tamis/score/scorer.hpp>
#include <tamis/score/scorer_abi.hpp>

namespace tamis {

struct TorchScriptOptions {
  std::string device = "cpu";      ///< "cpu", "cuda" or "cuda:1"
  std::string precision = "fp32";  ///< "fp32", "fp16" or "bf16"; logits come back as fp32
  std::size_t max_tokens = 0;      ///< tokens per call of the program; 0: what suits the device
  bool verify_hashes = true;       ///< of the bundle's files, before they are read
};

/// CUDA devices that this process can use; 0 where torch has no CUDA or finds no driver.
[[nodiscard]] std::size_t cuda_device_count();

/// Makes `tamis::varlen_attention` known to torch in this process; loading a scorer does it too.
void register_torch_operators();

/// Immutable: copies share the program, any number of threads may score with it.
class TorchScriptScorer {
 public:
  /// Throws ModelError, DeviceError, InvalidArgument.
  [[nodiscard]] static TorchScriptScorer load(const std::filesystem::path& bundle,
                                              const TorchScriptOptions& options = {});

  /// The batches are merged and cut again to what suits the device. On a GPU that runs out of
  /// memory the half is tried, down to one pair. A pair's logits may differ in their last bits with
  /// the company it keeps, since torch picks its kernels by size; the engine's do not.
  /// Throws InvalidArgument, ModelError, DeviceError.
  void score(std::span<const PackedBatch> batches, std::span<float> logits) const;
  void score(std::span<const PackedView> batches, std::span<float> logits) const;

  [[nodiscard]] std::size_t labels() const;
  [[nodiscard]] std::string description() const;  ///< "torchscript fp16 cuda:0"

 private:
  struct Program;
  explicit TorchScriptScorer(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;
};

static_assert(PairScorer<TorchScriptScorer>);

}  // namespace tamis
