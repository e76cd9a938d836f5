// Waves give the caller's order whatever the plan, and can be watched and stopped.
#include "cross_encoder/wave.hpp"

#include <chrono>
#include <thread>

#include <tamis/error.hpp>
#include <tamis/parallel.hpp>

#include "parallel/watch.hpp"
#include "support/catch.hpp"

namespace {

/// Scores a pair by its first id and its length, so that a misplaced row shows.
struct FirstIdScorer {
  void score(std::span<const tamis::PackedBatch> batches, std::span<float> logits) const {
    std::size_t at = 0;
    for (const auto& batch : batches) {
      for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
        const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
        const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
        logits[at++] = static_cast<float>(batch.ids[begin]);
        logits[at++] = static_cast<float>(end - begin);
      }
    }
  }
  [[nodiscard]] static std::size_t labels() { return 2; }
  [[nodiscard]] static std::string description() { return "first id"; }
};
static_assert(tamis::PairScorer<FirstIdScorer>);

/// Takes a minute for each micro-batch, in steps.
struct SlowScorer : FirstIdScorer {
  void score(std::span<const tamis::PackedBatch> /*batches*/, std::span<float> /*logits*/) const {
    for (int step = 0; step < 60'000; ++step) {
      tamis::checkpoint();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
};

std::vector<tamis::EncodedPair> sequences_of(std::size_t count) {
  std::vector<tamis::EncodedPair> sequences(count);
  for (std::size_t i = 0; i < count; ++i) {
    sequences[i].ids.assign(1 + (i * 37) % 100, static_cast<tamis::TokenId>(i));
    sequences[i].type_ids.assign(sequences[i].ids.size(), 0);
  }
  return sequences;
}

}  // namespace

TEST_CASE("logits return in the order of the sequences", "[cross_encoder]") {
  const auto sequences = sequences_of(503);
  std::size_t reported = 0;
  tamis::WaveOptions options;
  options.plan = {.max_tokens = 128, .max_pairs = 5};
  options.scored = [&](std::size_t more) { reported += more; };
  const auto logits = tamis::score_in_waves(FirstIdScorer{}, sequences, options);
  REQUIRE(logits.size() == 2 * sequences.size());
  for (std::size_t i = 0; i < sequences.size(); ++i) {
    REQUIRE(logits[2 * i] == static_cast<float>(i));
    REQUIRE(logits[2 * i + 1] == static_cast<float>(sequences[i].size()));
  }
  CHECK(reported == sequences.size());
}

TEST_CASE("waves are even where the pace is known", "[cross_encoder]") {
  const std::size_t before = tamis::num_threads();
  tamis::set_num_threads(2);
  const std::vector<tamis::EncodedPair> sequences(30, sequences_of(2)[1]);  // of 38 tokens
  std::vector<std::size_t> sizes;
  tamis::Pace pace{0};
  tamis::WaveOptions options{.plan = {.max_tokens = 38, .max_pairs = 1},
                             .cancel = {},
                             .scored = {},
                             .seconds = 1,
                             .pace = &pace};
  const auto run = [&] {
    sizes.clear();
    tamis::run_in_waves(sequences, options, [&](std::span<tamis::PackedBatch> batches) {
      sizes.push_back(batches.size());
    });
  };
  run();
  CHECK(sizes.front() == 4);  // not known yet: two for each thread
  CHECK(pace > 0);
  run();
  CHECK(sizes == std::vector<std::size_t>{30});
  pace = 1.2 / (30 * 38);  // two waves of 0.6 s each
  run();
  CHECK(sizes.front() == 16);
  pace = 1e-30;  // of a call whose pairs shared all of their texts
  const std::vector<tamis::EncodedPair> many(3000, sequences[0]);
  sizes.clear();
  tamis::run_in_waves(many, options, [&](std::span<tamis::PackedBatch> batches) {
    sizes.push_back(batches.size());
  });
  CHECK(sizes.front() == 750);  // four waves of at most 2 * 16,384 tokens
  tamis::set_num_threads(before);
}

TEST_CASE("cancelling stops before the next wave", "[cross_encoder]") {
  const auto sequences = sequences_of(400);
  tamis::CancelToken token;
  std::size_t reported = 0;
  tamis::WaveOptions options;
  options.plan = {.max_tokens = 1, .max_pairs = 1};
  options.cancel = token;
  options.scored = [&](std::size_t more) {
    reported += more;
    token.cancel();
  };
  CHECK_THROWS_AS(tamis::score_in_waves(FirstIdScorer{}, sequences, options), tamis::Cancelled);
  CHECK(reported < sequences.size());
}

TEST_CASE("cancelling stops within a wave", "[cross_encoder]") {
  tamis::WaveOptions options;
  options.cancel = tamis::CancelToken();
  options.scored = [&](std::size_t more) {
    CHECK(more == 0);
    options.cancel->cancel();
  };
  CHECK_THROWS_AS(tamis::score_in_waves(SlowScorer{}, sequences_of(3), options), tamis::Cancelled);
}

TEST_CASE("what a callback throws reaches the caller", "[cross_encoder]") {
  tamis::WaveOptions options;
  options.scored = [](std::size_t) { throw std::runtime_error("stop"); };
  CHECK_THROWS_WITH(tamis::score_in_waves(FirstIdScorer{}, sequences_of(3), options), "stop");
}

TEST_CASE("a token's child is cancelled with it, and it is not with its child") {
  tamis::CancelToken token;
  tamis::CancelToken child = token.child();
  const tamis::CancelToken other = token.child().child();
  child.cancel();
  CHECK(child.cancelled());
  CHECK_FALSE(token.cancelled());
  CHECK_FALSE(other.cancelled());
  token.cancel();
  CHECK(other.cancelled());
}
