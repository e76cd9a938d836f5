// What loading chooses and shares.
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "score/engine/kernels.hpp"
#include "score/random_model.hpp"
#include "support/catch.hpp"

using tamis::FusedEncoderScorer;

namespace {

std::string description(const tamis::ModelSpec& spec, const std::string& precision) {
  return FusedEncoderScorer::load(spec, {.precision = precision}).description();
}

float score(const FusedEncoderScorer& scorer) {
  std::mt19937 random(1);
  const auto pairs = test::random_pairs(1, 10, 20, random);
  const std::vector<tamis::PackedBatch> batches{tamis::pack(pairs, std::vector<std::uint32_t>{0})};
  float logit = 0;
  scorer.score(batches, std::span(&logit, 1));
  return logit;
}

}  // namespace

TEST_CASE("auto takes the fastest precision that is recorded to keep the ranking, and says why") {
  const TemporaryFolder folder;
  test::RandomModel("bert").write(folder);
  tamis::ModelSpec spec = tamis::load_model_spec(folder.path());
  const std::string isa = tamis::engine::kernels().name;
  CHECK(description(spec, "auto") ==
        "engine fp32 " + isa + " (auto: the model records no other precision's parity)");
  spec.ranking_parity = {{"bf16", 0.95}, {"int8", 0.98}};
  CHECK(description(spec, "auto") ==
        "engine fp32 " + isa + " (auto: no faster precision keeps the ranking)");
  spec.ranking_parity = {{"bf16", 0.9995}, {"int8", 0.9923}};
  CHECK(description(spec, "auto") == "engine int8 " + isa + " (auto: Kendall tau 0.9923)");
  CHECK(description(spec, "bf16") == "engine bf16 " + isa);
  CHECK_THROWS_AS(FusedEncoderScorer::load(spec, {.precision = "int3"}), tamis::InvalidArgument);
}

TEST_CASE("the record is read from config.json") {
  const TemporaryFolder folder;
  test::RandomModel model("bert");
  model.config["tamis"]["parity"]["int8"]["kendall_tau"] = 0.997;
  model.write(folder);
  CHECK(tamis::load_model_spec(folder.path()).ranking_parity.at("int8") == Approx(0.997));
}

TEST_CASE("a file that was changed is loaded anew while the old one is still in use") {
  const TemporaryFolder folder;
  test::RandomModel model("bert");
  model.write(folder);
  const auto first = FusedEncoderScorer::load(tamis::load_model_spec(folder.path()));
  const float before = score(first);
  model.tensors.at("classifier.bias").values[0] += 1.0F;
  // As any tool that saves a model does it: a new file in the old one's place.
  std::filesystem::remove(folder.path() / "model.safetensors");
  model.write(folder);
  const auto second = FusedEncoderScorer::load(tamis::load_model_spec(folder.path()));
  CHECK(score(second) == Approx(before + 1.0F));
  CHECK(score(first) == before);
}
