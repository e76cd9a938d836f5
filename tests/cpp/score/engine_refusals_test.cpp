// What the engine refuses to load or to score, and how it says so.
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/score/fused_encoder_scorer.hpp>

#include "score/engine/kernels.hpp"
#include "score/random_model.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::FusedEncoderScorer;
using test::RandomModel;

namespace {

FusedEncoderScorer load(const RandomModel& model, const tamis::EngineOptions& options = {}) {
  const TemporaryFolder folder;
  model.write(folder);
  return FusedEncoderScorer::load(tamis::load_model_spec(folder.path()), options);
}

std::string refusal(const RandomModel& model) {
  return message_of<tamis::ModelError>([&] { (void)load(model); });
}

std::string scoring(const FusedEncoderScorer& scorer, const tamis::EncodedPair& pair,
                    std::size_t room = 1) {
  const std::vector<tamis::EncodedPair> pairs{pair};
  const tamis::PackedBatch batch = tamis::pack(pairs, std::vector<std::uint32_t>{0});
  std::vector<float> logits(room);
  return message_of<tamis::InvalidArgument>([&] { scorer.score(std::span(&batch, 1), logits); });
}

tamis::EncodedPair pair_of(std::vector<tamis::TokenId> ids, std::vector<std::uint8_t> types) {
  tamis::EncodedPair pair;
  pair.ids = std::move(ids);
  pair.type_ids = std::move(types);
  return pair;
}

}  // namespace

TEST_CASE("a bare encoder is refused, naming what is missing of the head") {
  RandomModel model("bert");
  model.tensors.erase("classifier.weight");
  model.tensors.erase("classifier.bias");
  const std::string message = refusal(model);
  CHECK(contains(message, "classification head"));
  CHECK(contains(message, "classifier.weight, classifier.bias"));
  RandomModel interaction("tamis_interaction");
  interaction.tensors.erase("interaction.mix");
  CHECK(contains(refusal(interaction), "interaction.mix"));
}

TEST_CASE("a missing or misshapen tensor is named") {
  RandomModel model("bert");
  model.tensors.erase("encoder.layer.1.attention.self.key.bias");
  CHECK(contains(refusal(model), "encoder.layer.1.attention.self.key.bias"));
  RandomModel wide("bert");
  wide.config["intermediate_size"] = 51;
  const std::string message = refusal(wide);
  CHECK(contains(message, "intermediate.dense"));
  CHECK(contains(message, "[50, 36]"));
  CHECK(contains(message, "[51, 36]"));
  // More than any memory holds.
  wide.config["intermediate_size"] = std::size_t{1} << 31U;
  CHECK(contains(refusal(wide), "[2147483648, 36]"));
  RandomModel deep("bert");
  deep.config["num_hidden_layers"] = std::size_t{1} << 31U;
  CHECK(contains(refusal(deep), "encoder.layer.3."));
  RandomModel labels("bert");
  labels.config["id2label"] = {{"0", "a"}, {"1", "b"}};
  CHECK(contains(refusal(labels), "classifier.weight"));
}

TEST_CASE("NaN and infinity in weights are refused by the tensor's name") {
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (const char* name :
         {"encoder.layer.2.output.dense.weight", "embeddings.word_embeddings.weight",
          "embeddings.LayerNorm.bias", "classifier.bias"}) {
      RandomModel model("bert");
      model.tensors[name].values.back() = bad;
      const std::string message = refusal(model);
      CHECK(contains(message, name));
      CHECK(contains(message, "NaN or infinity"));
    }
  }
  RandomModel model("tamis_interaction");
  model.tensors["interaction.attention_bias"].values[4] = std::nanf("");
  CHECK(contains(refusal(model), "interaction.attention_bias"));
}

TEST_CASE("more closed layers than there are layers are refused") {
  RandomModel model("tamis_interaction");
  model.config["closed_layers"] = 4;
  CHECK(contains(refusal(model), "4 closed_layers of 3 layers"));
}

TEST_CASE("old names of layer norm and prefixes are understood") {
  RandomModel model("bert");
  std::map<std::string, RandomModel::Tensor> renamed;
  for (auto& [name, tensor] : model.tensors) {
    std::string other = name;
    if (const auto at = other.find("LayerNorm.weight"); at != std::string::npos) {
      other.replace(at, std::string::npos, "LayerNorm.gamma");
    }
    if (const auto at = other.find("LayerNorm.bias"); at != std::string::npos) {
      other.replace(at, std::string::npos, "LayerNorm.beta");
    }
    renamed["bert." + other] = tensor;
  }
  model.tensors = renamed;
  CHECK_NOTHROW(load(model));
}

TEST_CASE("ids, segments and lengths that the model does not have") {
  const FusedEncoderScorer scorer = load(RandomModel("bert"));
  CHECK(scoring(scorer, pair_of({1, 2}, {0, 1})).empty());
  CHECK(contains(scoring(scorer, pair_of({1, 61}, {0, 1})), "61"));
  CHECK(contains(scoring(scorer, pair_of({-1, 2}, {0, 1})), "-1"));
  CHECK(contains(scoring(scorer, pair_of({1, 2}, {0, 2})), "segment 2"));
  const std::vector<tamis::TokenId> many(RandomModel::kPositions + 1, 3);
  CHECK(contains(scoring(scorer, pair_of(many, std::vector<std::uint8_t>(many.size(), 0))), "90"));
  CHECK(contains(scoring(scorer, pair_of({1, 2}, {0, 1}), 2), "logits"));
  CHECK(scoring(scorer, pair_of({1, 2}, {0, 1})).empty());
}

TEST_CASE("a pair of one segment cannot be scored by an interaction model") {
  const FusedEncoderScorer scorer = load(RandomModel("tamis_interaction"));
  CHECK(contains(scoring(scorer, pair_of({1, 2}, {0, 0})), "one segment"));
}

TEST_CASE("an interaction model reads two segments, whatever its table holds") {
  RandomModel model("tamis_interaction");
  auto& table = model.tensors.at("embeddings.token_type_embeddings.weight");
  table.shape[0] = 3;
  table.values.resize(table.values.size() / 2 * 3);
  model.config["type_vocab_size"] = 3;
  const FusedEncoderScorer scorer = load(model);
  CHECK(scoring(scorer, pair_of({1, 2}, {0, 1})).empty());
  CHECK(contains(scoring(scorer, pair_of({1, 2}, {0, 2})), "segment 2"));
}

TEST_CASE("options that do not exist") {
  const RandomModel model("bert");
  CHECK(contains(
      message_of<tamis::InvalidArgument>([&] { (void)load(model, {.precision = "fp8"}); }), "fp8"));
  CHECK(contains(message_of<tamis::InvalidArgument>([&] { (void)load(model, {.isa = "mmx"}); }),
                 "mmx"));
}

TEST_CASE("a pair without tokens is refused, alone and beside others") {
  const FusedEncoderScorer scorer = load(RandomModel("bert"));
  CHECK(contains(scoring(scorer, pair_of({}, {})), "a pair has no tokens"));
  const std::vector<tamis::EncodedPair> pairs{pair_of({1, 2}, {0, 0}), pair_of({}, {})};
  const tamis::PackedBatch batch = tamis::pack(pairs, std::vector<std::uint32_t>{0, 1});
  std::vector<float> logits(2);
  CHECK_THROWS_AS(scorer.score(std::span(&batch, 1), logits), tamis::InvalidArgument);
}

TEST_CASE("TAMIS_ISA forces a lower set; a name that is none is an error") {
  setenv("TAMIS_ISA", "portable", 1);
  CHECK(std::string(tamis::engine::kernels().name) == "portable");
  setenv("TAMIS_ISA", "mmx", 1);
  CHECK(contains(message_of<tamis::InvalidArgument>([] { (void)tamis::engine::kernels(); }),
                 "portable"));
  unsetenv("TAMIS_ISA");
  CHECK_NOTHROW(tamis::engine::kernels());
}
