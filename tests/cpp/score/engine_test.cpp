// Batch invariance and the use by many threads. That the logits are right is tested in Python,
// against transformers (tests/python/engine).
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <tamis/parallel.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "score/engine/kernels.hpp"
#include "score/random_model.hpp"
#include "support/catch.hpp"

using tamis::FusedEncoderScorer;
using tamis::PackedBatch;

namespace {

constexpr float kClosed = -std::numeric_limits<float>::infinity();

/// "closed": a tamis_interaction whose texts see nothing of each other; "shares": one whose bias is
/// by length.
test::RandomModel model_of(const std::string& type, const test::Shape& shape) {
  if (type != "closed" && type != "shares") return test::RandomModel(type, shape);
  test::RandomModel model("tamis_interaction", shape);
  if (type == "closed") model.set_bias(kClosed);
  model.config["attention_bias_by_length"] = type == "shares";
  return model;
}

FusedEncoderScorer load(const test::RandomModel& model, const std::string& isa,
                        const std::string& precision) {
  const TemporaryFolder folder;
  model.write(folder);
  return FusedEncoderScorer::load(tamis::load_model_spec(folder.path()),
                                  {.precision = precision, .isa = isa});
}

FusedEncoderScorer load(const std::string& type, const std::string& isa = "",
                        const std::string& precision = "fp32") {
  return load(model_of(type, test::kOdd), isa, precision);
}

std::vector<float> scores(const FusedEncoderScorer& scorer,
                          const std::vector<PackedBatch>& batches) {
  std::size_t pairs = 0;
  for (const PackedBatch& batch : batches) pairs += batch.pairs();
  std::vector<float> logits(pairs);
  scorer.score(batches, logits);
  return logits;
}

std::vector<float> alone(const FusedEncoderScorer& scorer,
                         const std::vector<tamis::EncodedPair>& pairs) {
  std::vector<float> logits;
  for (std::uint32_t row = 0; row < pairs.size(); ++row) {
    logits.push_back(scores(scorer, {tamis::pack(pairs, std::vector{row})}).front());
  }
  return logits;
}

/// Some of the pairs in a random order, cut into random batches.
std::vector<PackedBatch> random_batches(const std::vector<tamis::EncodedPair>& pairs,
                                        std::mt19937& random) {
  std::vector<std::uint32_t> order(pairs.size());
  std::iota(order.begin(), order.end(), 0U);
  std::shuffle(order.begin(), order.end(), random);
  order.resize(1 + random() % order.size());
  std::vector<PackedBatch> batches;
  for (std::size_t first = 0; first < order.size();) {
    const std::size_t count = std::min<std::size_t>(1 + random() % 12, order.size() - first);
    batches.push_back(tamis::pack(pairs, std::span(order).subspan(first, count)));
    first += count;
  }
  return batches;
}

bool same_bits(float left, float right) { return std::memcmp(&left, &right, sizeof(float)) == 0; }

std::vector<std::string> sets() {
  std::vector<std::string> names;
  for (const char* const* name = tamis::engine::supported_kernels(); *name != nullptr; ++name) {
    names.emplace_back(*name);
  }
  return names;
}

/// Whether so many random ways to batch the pairs give the bits that each pair has alone.
bool batch_invariant(const FusedEncoderScorer& scorer, int rounds) {
  std::mt19937 random(4);
  const auto pairs = test::random_pairs(rounds + rounds / 2, 2, 80, random);
  tamis::set_num_threads(1);
  const std::vector<float> expected = alone(scorer, pairs);
  CHECK(std::adjacent_find(expected.begin(), expected.end(), std::not_equal_to<>()) !=
        expected.end());
  bool same = true;
  for (int round = 0; round < rounds; ++round) {
    tamis::set_num_threads(1 + random() % 4);
    const auto batches = random_batches(pairs, random);
    const std::vector<float> found = scores(scorer, batches);
    std::size_t at = 0;
    for (const PackedBatch& batch : batches) {
      for (const std::uint32_t row : batch.rows) {
        same = same && same_bits(found[at++], expected[row]);
      }
    }
  }
  return same;
}

const std::vector<std::string> kPrecisions{"fp32", "bf16", "fp16", "int8"};

}  // namespace

TEST_CASE("a pair has the same bits in any batch, order and number of threads") {
  const std::size_t before = tamis::num_threads();
  for (const std::string type : {"bert", "tamis_interaction", "closed", "shares"}) {
    for (const std::string& isa : sets()) {
      for (const std::string& precision : kPrecisions) {
        INFO(type << ' ' << isa << ' ' << precision);
        CHECK(batch_invariant(load(model_of(type, test::kOdd), isa, precision), 40));
        CHECK(batch_invariant(load(model_of(type, test::kEven), isa, precision), 10));
      }
    }
  }
  tamis::set_num_threads(before);
}

TEST_CASE("texts read apart score as in pairs whose tokens hardly see each other") {
  std::mt19937 random(14);
  const auto pairs = test::random_pairs(40, 2, 80, random);
  for (const std::size_t layers : {1U, 2U, 3U}) {
    test::RandomModel model("tamis_interaction");
    model.set_bias(-1e4F, layers);
    const std::vector<float> expected = alone(load(model, "", "fp32"), pairs);
    model.set_bias(kClosed, layers);
    const std::vector<float> found = alone(load(model, "", "fp32"), pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      CHECK(found[i] == Approx(expected[i]).margin(1e-4));
    }
  }
}

TEST_CASE("closed_layers of config.json closes layers whatever their biases") {
  std::mt19937 random(15);
  const auto pairs = test::random_pairs(10, 2, 40, random);
  test::RandomModel model("tamis_interaction");
  model.set_bias(kClosed, 2);
  const std::vector<float> expected = alone(load(model, "", "fp32"), pairs);
  model.set_bias(0.5F, 2);
  CHECK(alone(load(model, "", "fp32"), pairs) != expected);
  model.config["closed_layers"] = 2;
  CHECK(alone(load(model, "", "fp32"), pairs) == expected);
}

TEST_CASE("with a bias by length a passage said twice is as the passage said once") {
  std::mt19937 random(16);
  test::RandomModel model("tamis_interaction");
  auto& positions = model.tensors["embeddings.position_embeddings.weight"].values;
  std::fill(positions.begin(), positions.end(), 0.0F);
  auto pairs = test::random_pairs(1, 8, 8, random);
  pairs[0].type_ids = {0, 0, 0, 1, 1, 1, 1, 1};
  pairs.push_back(pairs[0]);
  pairs[1].ids.insert(pairs[1].ids.end(), pairs[0].ids.begin() + 3, pairs[0].ids.end());
  pairs[1].type_ids.resize(13, 1);
  for (const bool by_length : {true, false}) {
    model.config["attention_bias_by_length"] = by_length;
    const std::vector<float> found = alone(load(model, "", "fp32"), pairs);
    CHECK((std::abs(found[0] - found[1]) < 1e-5F) == by_length);
  }
}

TEST_CASE("the lower precisions stay near fp32") {
  std::mt19937 random(12);
  const auto pairs = test::random_pairs(40, 2, 80, random);
  for (const std::string type : {"bert", "tamis_interaction"}) {
    const std::vector<float> expected = alone(load(type, "portable"), pairs);
    const auto [least, most] = std::minmax_element(expected.begin(), expected.end());
    for (const std::string& isa : sets()) {
      for (const std::string& precision : kPrecisions) {
        const std::vector<float> found = alone(load(type, isa, precision), pairs);
        double worst = 0;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
          worst = std::max(worst, static_cast<double>(std::abs(found[i] - expected[i])));
        }
        INFO(type << ' ' << isa << ' ' << precision << " off by " << worst);
        const double share = precision == "fp32" ? 1e-4 : precision == "int8" ? 0.15 : 0.1;
        CHECK(worst < share * static_cast<double>(*most - *least));
      }
    }
  }
}

TEST_CASE("instruction sets agree closely") {
  std::mt19937 random(6);
  const auto pairs = test::random_pairs(20, 2, 80, random);
  for (const std::string type : {"bert", "tamis_interaction"}) {
    const std::vector<float> expected = alone(load(type, "portable"), pairs);
    for (const std::string& isa : sets()) {
      const std::vector<float> found = alone(load(type, isa), pairs);
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        CHECK(found[i] == Approx(expected[i]).margin(2e-5));
      }
    }
  }
}

TEST_CASE("many threads may call one scorer") {
  const FusedEncoderScorer scorer = load("bert");
  std::mt19937 random(8);
  const auto pairs = test::random_pairs(30, 2, 60, random);
  const std::vector<float> expected = alone(scorer, pairs);
  std::vector<int> wrong(6, 0);
  std::vector<std::thread> callers;
  for (std::size_t caller = 0; caller < wrong.size(); ++caller) {
    callers.emplace_back([&, caller] {
      std::mt19937 own(static_cast<unsigned>(caller));
      for (int round = 0; round < 20; ++round) {
        const auto batches = random_batches(pairs, own);
        const std::vector<float> found = scores(scorer, batches);
        std::size_t at = 0;
        for (const PackedBatch& batch : batches) {
          for (const std::uint32_t row : batch.rows) {
            if (!same_bits(found[at++], expected[row])) ++wrong[caller];
          }
        }
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == std::vector<int>(6, 0));
}

TEST_CASE("10,000 calls on one pair make no thread") {
  const FusedEncoderScorer scorer = load("bert");
  std::mt19937 random(10);
  const auto pairs = test::random_pairs(1, 8, 12, random);
  const std::vector<PackedBatch> batches{tamis::pack(pairs, std::vector<std::uint32_t>{0})};
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  const float expected = scores(scorer, batches).front();
  const auto before = threads();
  bool same = true;
  for (int call = 0; call < 10000; ++call) {
    same = same && same_bits(scores(scorer, batches).front(), expected);
  }
  CHECK(same);
  CHECK(threads() == before);
}

TEST_CASE("no batches and empty batches") {
  const FusedEncoderScorer scorer = load("bert");
  CHECK(scores(scorer, {}).empty());
  PackedBatch empty;
  empty.cu_seqlens = {0};
  CHECK(scores(scorer, {empty, empty}).empty());
  CHECK(scorer.labels() == 1);
  CHECK(scorer.description().starts_with("engine fp32 "));
}
