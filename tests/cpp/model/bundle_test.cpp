#include <string>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>

#include "model/sha256.hpp"
#include "model/zip_writer.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using nlohmann::json;

namespace {

json config() {
  return {{"model_type", "bert"},
          {"vocab_size", 100},
          {"hidden_size", 48},
          {"num_hidden_layers", 2},
          {"num_attention_heads", 4},
          {"intermediate_size", 96},
          {"max_position_embeddings", 64},
          {"id2label", {{"0", "LABEL_0"}}}};
}

json manifest(const TemporaryFolder& folder) {
  const auto model = folder.write("model.pt", test::zip({{"m/data/0", "abcd"}}));
  return {{"format_version", 1},
          {"architecture", "bert"},
          {"config", config()},
          {"tokenizer", {{"folder", "."}}},
          {"max_length", 512},
          {"labels", 1},
          {"activation", "sigmoid"},
          {"score_space", "probability"},
          {"prompts", {{"web", "search: "}}},
          {"default_prompt", "web"},
          {"convention", "packed"},
          {"tensors", {{"w", {{"record", "m/data/0"}, {"dtype", "F32"}, {"shape", {1}}}}}},
          {"files", {{"model.pt", tamis::sha256_of(model)}}}};
}

std::string refusal(const TemporaryFolder& folder) {
  return message_of<tamis::ModelError>([&] { (void)tamis::load_model_spec(folder.path()); });
}

std::string refusal(const TemporaryFolder& folder, const std::string& file, const json& contents) {
  folder.write(file, contents.dump());
  return refusal(folder);
}

tamis::ModelSpec hugging_face(json changed) {
  const TemporaryFolder folder;
  folder.write("config.json", changed.dump());
  return tamis::load_model_spec(folder.path());
}

}  // namespace

TEST_CASE("a Hugging Face folder") {
  const auto spec = hugging_face(config());
  CHECK_FALSE(spec.is_bundle);
  CHECK(spec.architecture == "bert");
  CHECK(spec.max_length == 64);
  CHECK(spec.labels == 1);
  CHECK(spec.activation == "sigmoid");
  CHECK(spec.score_space == "probability");
}

TEST_CASE("the default activation is sentence-transformers'") {
  json changed = config();
  changed["id2label"] = {{"0", "a"}, {"1", "b"}};
  CHECK(hugging_face(changed).activation == "identity");
  changed = config();
  changed["sbert_ce_default_activation_function"] = "torch.nn.modules.linear.Identity";
  CHECK(hugging_face(changed).activation == "identity");
  CHECK(hugging_face(changed).score_space == "logit");
  changed["sentence_transformers"] = {{"activation_fn", "torch.nn.modules.activation.Sigmoid"}};
  CHECK(hugging_face(changed).activation == "sigmoid");
  changed["sentence_transformers"] = {{"activation_fn", "my.module.Identity"}};
  CHECK(hugging_face(changed).activation == "sigmoid");  // as if none were stated
  changed = config();
  changed["score_space"] = "logit";
  CHECK(hugging_face(changed).activation == "identity");
}

TEST_CASE("what sentence-transformers saved beside a Hugging Face folder") {
  const TemporaryFolder folder;
  json changed = config();
  changed["sbert_ce_default_activation_function"] = "torch.nn.modules.activation.Tanh";
  folder.write("config.json", changed.dump());
  folder.write("modules.json", "[]");
  folder.write("config_sentence_transformers.json",
               R"({"model_type": "CrossEncoder",
                   "activation_fn": "torch.nn.modules.linear.Identity",
                   "prompts": {"web": "search: "}, "default_prompt_name": "web"})");
  const auto spec = tamis::load_model_spec(folder.path());
  CHECK(spec.activation == "identity");
  CHECK(spec.prompts.at("web") == "search: ");
  CHECK(spec.default_prompt == "web");
}

TEST_CASE("an architecture that only TorchScript runs is sent to tamis export") {
  const TemporaryFolder folder;
  json changed = config();
  changed["model_type"] = "modernbert";
  const auto message = refusal(folder, "config.json", changed);
  CHECK(contains(message, "modernbert"));
  CHECK(contains(message, "tamis export"));
}

TEST_CASE("a bundle") {
  const TemporaryFolder folder;
  folder.write("tamis.json", manifest(folder).dump());
  const auto spec = tamis::load_model_spec(folder.path());
  CHECK(spec.is_bundle);
  CHECK(spec.max_length == 64);  // the position table is shorter than what the manifest says
  CHECK(spec.convention == "packed");
  CHECK(spec.prompts.at("web") == "search: ");
  CHECK(spec.default_prompt == "web");
  REQUIRE(spec.encoder.has_value());
  CHECK(tamis::open_weights(spec).find("w")->bytes.size() == 4);
}

TEST_CASE("a bundle that was changed is refused before it is read") {
  const TemporaryFolder folder;
  const json good = manifest(folder);
  folder.write("tamis.json", good.dump());
  folder.write("model.pt", "something else");
  CHECK(contains(refusal(folder), "sha256"));
  CHECK_NOTHROW(tamis::load_model_spec(folder.path(), /*verify_hashes=*/false));
  std::filesystem::remove(folder.path() / "model.pt");
  CHECK(contains(refusal(folder), "model.pt"));
}

TEST_CASE("what a bundle would be read from must be among its hashes") {
  const TemporaryFolder folder;
  const json good = manifest(folder);
  json without = good;
  without["files"] = json::object();
  CHECK(contains(refusal(folder, "tamis.json", without), "no hash of 'model.pt'"));
  folder.write("tamis.json", good.dump());
  for (const char* name : {"vocab.txt", "tokenizer.json", "words/spiece.model"}) {
    const auto file = folder.write(name, "[PAD]");
    CHECK(contains(refusal(folder), std::string("no hash of '") + name + "'"));
    std::filesystem::remove(file);
  }
  const TemporaryFolder elsewhere;
  std::filesystem::create_directory_symlink(elsewhere.path(), folder.path() / "words/more");
  CHECK(contains(refusal(folder), "is a link to a folder"));
  std::filesystem::remove(folder.path() / "words/more");
  folder.write("README.md", "for people");
  folder.write(".cache/huggingface/download/model.pt.metadata", "of huggingface_hub");
  CHECK_NOTHROW(tamis::load_model_spec(folder.path()));
}

TEST_CASE("manifests that cannot be used") {
  const TemporaryFolder folder;
  const json good = manifest(folder);
  const auto changed = [&](const char* field, const json& value) {
    json other = good;
    other[field] = value;
    return refusal(folder, "tamis.json", other);
  };
  CHECK(contains(changed("format_version", 2), "upgrade"));
  CHECK(contains(changed("format_version", "one"), "format_version"));
  CHECK(contains(changed("format_version", nullptr), "format_version"));
  for (const json& wrong : {json(1.5), json(true), json(1e30), json("1"), json(0), json(-1)}) {
    CHECK(contains(changed("format_version", wrong), "'format_version' is " + wrong.dump()));
  }
  CHECK(contains(changed("activation", "foo"), "tamis.json: unknown activation 'foo'"));
  CHECK(contains(changed("convention", "ragged"), "tamis.json: unknown convention 'ragged'"));
  CHECK(contains(changed("convention", nullptr), "tamis.json: unknown convention ''"));
  CHECK(contains(changed("tensors", {{"w", {{"dtype", "F7"}}}}), "tamis.json: tensor 'w'"));
  CHECK(contains(changed("max_length", -1), "'max_length' is -1"));
  CHECK(contains(changed("labels", 0), "labels"));
  CHECK(contains(changed("max_length", "long"), "max_length"));
  CHECK(contains(changed("files", {{"../model.pt", "00"}}), "outside"));
  CHECK(contains(changed("files", {{"/etc/hostname", "00"}}), "outside"));
  CHECK(contains(changed("tokenizer", {{"folder", "../.."}}), "outside"));
  CHECK(contains(changed("prompts", 7), "prompts"));
  CHECK(contains(changed("tensors", {{"w", 7}}), "'w'"));
  folder.write("tamis.json", good.dump().substr(0, 50));
  CHECK(contains(refusal(folder), "truncated"));
}

TEST_CASE("files that are no objects, or nest without end, or lead nowhere") {
  const TemporaryFolder folder;
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const char* name : {"tamis.json", "config.json"}) {
    const std::string told = std::string(name) + " is no JSON object";
    for (const char* text : {"[1]", "3", "null", "\"x\""}) {
      folder.write(name, text);
      CHECK(contains(refusal(folder), told));
    }
    folder.write(name, R"({"config": )" + deep + "}");
    CHECK(contains(refusal(folder), std::string(name) + " nests deeper than 100 levels"));
    std::filesystem::remove(folder.path() / name);
    std::filesystem::create_symlink(name, folder.path() / name);
    CHECK(contains(refusal(folder), std::string(name) + ": Too many levels of symbolic links"));
    std::filesystem::remove(folder.path() / name);
    std::filesystem::create_directory(folder.path() / name);
    CHECK(contains(refusal(folder), "it is no regular file"));
    std::filesystem::remove(folder.path() / name);
  }
}

TEST_CASE("folders that are no model") {
  const TemporaryFolder folder;
  CHECK(contains(refusal(folder), "neither config.json nor tamis.json"));
  CHECK_THROWS_AS(tamis::load_model_spec(folder.path() / "absent"), tamis::ModelError);
  CHECK_THROWS_AS(tamis::load_model_spec(folder.write("file", "x")), tamis::ModelError);
}
