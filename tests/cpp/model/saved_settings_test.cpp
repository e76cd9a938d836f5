#include "model/saved_settings.hpp"

#include <string>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using nlohmann::json;

namespace {

json saved() {
  return {{"model_type", "CrossEncoder"},
          {"activation_fn", "torch.nn.modules.linear.Identity"},
          {"prompts", {{"web", "search: "}, {"none", nullptr}}},
          {"default_prompt_name", "web"}};
}

tamis::SavedSettings read(const json& settings, bool with_modules = true) {
  const TemporaryFolder folder;
  folder.write("config_sentence_transformers.json", settings.dump());
  if (with_modules) folder.write("modules.json", "[]");
  return tamis::read_saved_settings(folder.path());
}

}  // namespace

TEST_CASE("sentence-transformers' settings of a cross-encoder") {
  const auto settings = read(saved());
  CHECK(settings.activation_path == "torch.nn.modules.linear.Identity");
  CHECK(settings.prompts.texts.at("web") == "search: ");
  CHECK(settings.prompts.texts.at("none").empty());
  CHECK(settings.prompts.default_name == "web");
}

TEST_CASE("settings that sentence-transformers would not read either") {
  CHECK(read(saved(), /*with_modules=*/false).prompts.texts.empty());
  json embedder = saved();
  embedder["model_type"] = "SentenceTransformer";
  CHECK(read(embedder).prompts.texts.empty());
  CHECK(read(json::object()).activation_path.empty());
  const TemporaryFolder empty;
  CHECK_FALSE(tamis::read_saved_settings(empty.path()).prompts.default_name.has_value());
}

TEST_CASE("settings of another shape are refused by name") {
  json wrong = saved();
  wrong["prompts"] = "search: ";
  CHECK(contains(message_of<tamis::ModelError>([&] { (void)read(wrong); }), "prompts"));
  wrong["prompts"] = {{"web", 7}};
  CHECK(contains(message_of<tamis::ModelError>([&] { (void)read(wrong); }), "web"));
}
