// tamis/score/scorer_abi.hpp: a scorer as plain C data, for a caller built apart from it.
//
//   tamis::ScorerAbi abi = tamis::make_scorer_abi(std::move(scorer));  // in one module
//   tamis::AnyScorer any = tamis::AbiScorer(abi);                      // in the other
//
// The Python package's two native modules share no C++ symbols: exceptions, std::string and vtables
// must not cross from one to the other, plain data may.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tamis/batch/packed.hpp>
#include <tamis/error.hpp>
#include <tamis/score/scorer.hpp>

namespace tamis {

inline constexpr std::uint32_t kScorerAbiVersion = 1;

/// A PackedBatch that somebody else owns.
struct PackedView {
  const TokenId* ids;              ///< [tokens]
  const std::uint8_t* type_ids;    ///< [tokens]
  const std::int32_t* cu_seqlens;  ///< [pairs + 1], first 0, last `tokens`
  std::size_t tokens;
  std::size_t pairs;
  std::int32_t max_seqlen;
};

[[nodiscard]] inline PackedView view_of(const PackedBatch& batch) noexcept {
  return {batch.ids.data(), batch.type_ids.data(), batch.cu_seqlens.data(),
          batch.tokens(),   batch.pairs(),         batch.max_seqlen};
}

/// What `ScorerAbi::score` returns; each but `ok` stands for the error class of that name.
enum ScorerAbiStatus : int {
  kScorerOk = 0,
  kScorerInvalidArgument = 1,
  kScorerModelError = 2,
  kScorerDeviceError = 3,
  kScorerError = 4,
};

/// `score` may be called by any number of threads. `context` is counted: `retain` adds an owner,
/// `release` removes one and destroys it with the last.
struct ScorerAbi {
  std::uint32_t version;  ///< kScorerAbiVersion of the module that made it
  void* context;
  /// Writes [pairs of all batches, labels] logits. On failure writes a message, cut to
  /// `error_size` with its NUL, and returns a ScorerAbiStatus.
  int (*score)(void* context, const PackedView* batches, std::size_t count, float* logits,
               char* error, std::size_t error_size);
  void (*retain)(void* context);
  void (*release)(void* context);
  std::size_t labels;
  const char* description;  ///< lives as long as `context`
};

/// A scorer over a ScorerAbi. Copies share it.
class AbiScorer {
 public:
  /// Becomes one more owner of `abi.context`. Throws ModelError on another version.
  explicit AbiScorer(const ScorerAbi& abi) : abi_(abi) {
    if (abi.version != kScorerAbiVersion) {
      raise<ModelError>(
          "this scorer speaks version {} of the scorer interface and this library version {}; "
          "install both parts from the same release",
          abi.version, kScorerAbiVersion);
    }
    abi_.retain(abi_.context);
    owner_ = std::shared_ptr<void>(abi_.context, abi_.release);
  }

  void score(std::span<const PackedBatch> batches, std::span<float> logits) const {
    std::vector<PackedView> views;
    views.reserve(batches.size());
    std::size_t pairs = 0;
    for (const PackedBatch& batch : batches) {
      views.push_back(view_of(batch));
      pairs += batch.pairs();
    }
    if (logits.size() != pairs * abi_.labels) {
      raise<InvalidArgument>("room for {} logits, expected {} pairs x {} labels", logits.size(),
                             pairs, abi_.labels);
    }
    std::array<char, 2048> message{};
    const int status = abi_.score(abi_.context, views.data(), views.size(), logits.data(),
                                  message.data(), message.size());
    switch (status) {
      case kScorerOk:
        return;
      case kScorerInvalidArgument:
        throw InvalidArgument(message.data());
      case kScorerModelError:
        throw ModelError(message.data());
      case kScorerDeviceError:
        throw DeviceError(message.data());
      default:
        throw Error(message.data());
    }
  }
  [[nodiscard]] std::size_t labels() const noexcept { return abi_.labels; }
  [[nodiscard]] std::string description() const { return abi_.description; }

 private:
  ScorerAbi abi_;
  std::shared_ptr<void> owner_;
};

static_assert(PairScorer<AbiScorer>);

namespace detail {

inline void copy_message(const char* text, char* error, std::size_t size) noexcept {
  if (size == 0) return;
  const std::size_t length = std::min(std::strlen(text), size - 1);
  std::memcpy(error, text, length);
  error[length] = '\0';
}

template <typename Scorer>
struct AbiContext {
  Scorer scorer;
  std::string description;
  std::atomic<std::size_t> owners{1};

  static int score(void* context, const PackedView* batches, std::size_t count, float* logits,
                   char* error, std::size_t error_size) {
    const auto& self = *static_cast<const AbiContext*>(context);
    // No exception may cross the boundary.
    try {
      std::size_t pairs = 0;
      for (std::size_t i = 0; i < count; ++i) pairs += batches[i].pairs;
      self.scorer.score(std::span<const PackedView>(batches, count),
                        std::span<float>(logits, pairs * self.scorer.labels()));
      return kScorerOk;
    } catch (const InvalidArgument& e) {
      copy_message(e.what(), error, error_size);
      return kScorerInvalidArgument;
    } catch (const ModelError& e) {
      copy_message(e.what(), error, error_size);
      return kScorerModelError;
    } catch (const DeviceError& e) {
      copy_message(e.what(), error, error_size);
      return kScorerDeviceError;
    } catch (const std::exception& e) {
      copy_message(e.what(), error, error_size);
      return kScorerError;
    } catch (...) {
      copy_message("the scorer failed with an unknown exception", error, error_size);
      return kScorerError;
    }
  }
  static void retain(void* context) { ++static_cast<AbiContext*>(context)->owners; }
  static void release(void* context) {
    auto* self = static_cast<AbiContext*>(context);
    if (--self->owners == 0) delete self;
  }
};

}  // namespace detail

/// The caller owns the result once: it must call `release`. `scorer` must score PackedViews.
template <typename Scorer>
[[nodiscard]] ScorerAbi make_scorer_abi(Scorer scorer) {
  using Context = detail::AbiContext<Scorer>;
  const std::size_t labels = scorer.labels();
  std::string description = scorer.description();
  auto* context = new Context{std::move(scorer), std::move(description)};
  return {kScorerAbiVersion,
          context,
          Context::score,
          Context::retain,
          Context::release,
          labels,
          context->description.c_str()};
}

}  // namespace tamis
