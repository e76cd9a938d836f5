#include <string>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>
#include <tamis/model/encoder_config.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using nlohmann::json;
using tamis::EncoderFamily;
using tamis::HiddenActivation;

namespace {

json bert() {
  return {{"model_type", "bert"},         {"vocab_size", 100},        {"hidden_size", 48},
          {"num_hidden_layers", 2},       {"num_attention_heads", 4}, {"intermediate_size", 96},
          {"max_position_embeddings", 64}};
}

json with(json config, const std::string& name, const json& value) {
  config[name] = value;
  return config;
}

tamis::EncoderConfig parsed(const json& config) {
  const auto found = tamis::parse_encoder_config(config.dump(), "config.json");
  REQUIRE(found.has_value());
  return *found;
}

std::string refusal(const json& config) {
  return message_of<tamis::ModelError>(
      [&] { (void)tamis::parse_encoder_config(config.dump(), "config.json"); });
}

}  // namespace

TEST_CASE("BERT, with transformers' defaults for what is left out") {
  const auto config = parsed(bert());
  CHECK(config.family == EncoderFamily::bert);
  CHECK(config.labels == 2);
  CHECK(config.type_vocab_size == 2);
  CHECK(config.max_positions() == 64);
  CHECK(config.activation == HiddenActivation::gelu_erf);
  CHECK(config.layer_norm_eps == Approx(1e-12));
}

TEST_CASE("RoBERTa's positions begin after the padding token's") {
  for (const char* type : {"roberta", "xlm-roberta", "camembert"}) {
    const auto config = parsed(with(with(bert(), "model_type", type), "pad_token_id", 1));
    CHECK(config.family == EncoderFamily::roberta);
    CHECK(config.position_offset == 2);
    CHECK(config.max_positions() == 62);
  }
}

TEST_CASE("ELECTRA may embed in another width") {
  const auto config = parsed(with(with(bert(), "model_type", "electra"), "embedding_size", 24));
  CHECK(config.embedding_size == 24);
  CHECK(config.hidden_size == 48);
  CHECK(parsed(with(bert(), "embedding_size", 24)).embedding_size == 48);
}

TEST_CASE("DistilBERT's own names") {
  const json config{{"model_type", "distilbert"},
                    {"vocab_size", 100},
                    {"dim", 32},
                    {"n_layers", 3},
                    {"n_heads", 4},
                    {"hidden_dim", 64},
                    {"activation", "relu"},
                    {"max_position_embeddings", 50}};
  const auto found = parsed(config);
  CHECK(found.layers == 3);
  CHECK(found.intermediate_size == 64);
  CHECK(found.type_vocab_size == 0);
  CHECK(found.activation == HiddenActivation::relu);
}

TEST_CASE("labels come from id2label") {
  CHECK(parsed(with(bert(), "id2label", {{"0", "a"}})).labels == 1);
  CHECK(parsed(with(bert(), "id2label", {{"0", "a"}, {"1", "b"}, {"2", "c"}})).labels == 3);
  CHECK(parsed(with(bert(), "num_labels", 1)).labels == 1);
}

TEST_CASE("prefixes of the two texts, for an interaction model alone") {
  const json prefixes{{"query", "query: "}, {"passage", "passage: "}};
  const auto found =
      parsed(with(with(bert(), "model_type", "tamis_interaction"), "prefixes", prefixes));
  CHECK(found.query_prefix == "query: ");
  CHECK(found.document_prefix == "passage: ");
  CHECK(found.labels == 1);
  CHECK(parsed(with(bert(), "prefixes", prefixes)).query_prefix.empty());
  CHECK(contains(refusal(with(with(bert(), "model_type", "tamis_interaction"), "prefixes", 3)),
                 "field 'prefixes' is no object"));
}

TEST_CASE("another architecture is no error here, and no encoder") {
  for (const char* type : {"modernbert", "deberta-v2", "t5", ""}) {
    CHECK_FALSE(tamis::parse_encoder_config(with(bert(), "model_type", type).dump(), "c"));
  }
}

TEST_CASE("every known encoder is parsed") {
  CHECK(tamis::known_encoders().size() == 7);
  for (const std::string& type : tamis::known_encoders()) {
    json config = with(bert(), "model_type", type);
    config.update({{"dim", 48}, {"n_layers", 2}, {"n_heads", 4}, {"hidden_dim", 96}});
    CHECK(tamis::parse_encoder_config(config.dump(), "c").has_value());
  }
}

TEST_CASE("what the engine cannot run is refused by the name of the field") {
  CHECK(contains(refusal(with(bert(), "position_embedding_type", "relative_key")),
                 "position_embedding_type"));
  CHECK(contains(refusal(with(bert(), "is_decoder", true)), "is_decoder"));
  CHECK(contains(refusal(with(bert(), "hidden_act", "laplace")), "laplace"));
  CHECK(contains(refusal(with(bert(), "hidden_size", 50)), "heads"));
  CHECK(contains(refusal(with(bert(), "hidden_size", 0)), "hidden_size"));
  CHECK(contains(refusal(with(bert(), "hidden_size", -4)), "hidden_size"));
  CHECK(contains(refusal(with(bert(), "hidden_size", "wide")), "hidden_size"));
  CHECK(contains(refusal(with(bert(), "vocab_size", 1e300)), "vocab_size"));
  CHECK(contains(refusal(with(bert(), "num_hidden_layers", 1'000'000'000'000)),
                 "expected a whole number from 1 to"));
  CHECK(contains(refusal(with(bert(), "hidden_act", 3)),
                 "field 'hidden_act' is 3, which is of the wrong type"));
  CHECK(contains(refusal(with(bert(), "type_vocab_size", 2.5)), "'type_vocab_size' is 2.5"));
  CHECK(contains(refusal(with(bert(), "type_vocab_size", true)), "'type_vocab_size' is true"));
  CHECK(contains(refusal(with(with(bert(), "model_type", "roberta"), "pad_token_id", -3)),
                 "'pad_token_id' is -3"));
  CHECK(contains(refusal(with(with(bert(), "model_type", "roberta"), "pad_token_id", 63)),
                 "max_position_embeddings"));
  json short_one = bert();
  short_one.erase("num_hidden_layers");
  CHECK(contains(refusal(short_one), "num_hidden_layers"));
  CHECK_THROWS_AS(tamis::parse_encoder_config("{", "c"), tamis::ModelError);
  CHECK_THROWS_AS(tamis::parse_encoder_config("[]", "c"), tamis::ModelError);
}
