// tamis/score/scorer.hpp: the interface of what turns micro-batches into logits.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include <tamis/batch/packed.hpp>

namespace tamis {

/// A scorer is immutable once loaded: any number of threads may call it.
///
/// `score` writes fp32 logits, before any activation, row-major [pairs, labels], the pairs of all
/// batches one after another in batch order. A pair's logits do not depend on its neighbours.
template <typename T>
concept PairScorer = requires(const T& scorer, std::span<const PackedBatch> batches,
                              std::span<float> logits) {
  { scorer.score(batches, logits) } -> std::same_as<void>;
  { scorer.labels() } -> std::convertible_to<std::size_t>;
  { scorer.description() } -> std::convertible_to<std::string>;  // "engine fp32 avx2"
};

/// Holds any scorer; copies share it.
class AnyScorer {
 public:
  template <PairScorer T>
  requires(!std::same_as<std::remove_cvref_t<T>, AnyScorer>)
      AnyScorer(T scorer)  // NOLINT(google-explicit-constructor): a value that stands for any
      : self_(std::make_shared<const Model<T>>(std::move(scorer))) {}

  void score(std::span<const PackedBatch> batches, std::span<float> logits) const {
    self_->score(batches, logits);
  }
  [[nodiscard]] std::size_t labels() const { return self_->labels(); }
  [[nodiscard]] std::string description() const { return self_->description(); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    virtual void score(std::span<const PackedBatch> batches, std::span<float> logits) const = 0;
    [[nodiscard]] virtual std::size_t labels() const = 0;
    [[nodiscard]] virtual std::string description() const = 0;
  };
  template <typename T>
  struct Model final : Interface {
    explicit Model(T scorer) : value(std::move(scorer)) {}
    void score(std::span<const PackedBatch> batches, std::span<float> logits) const override {
      value.score(batches, logits);
    }
    std::size_t labels() const override { return value.labels(); }
    std::string description() const override { return value.description(); }
    T value;
  };
  std::shared_ptr<const Interface> self_;
};

static_assert(PairScorer<AnyScorer>);

}  // namespace tamis
