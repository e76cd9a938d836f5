// A model whose config.json puts a prefix before the texts of a pair.
#include <filesystem>
#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/late_interaction.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using tamis::CrossEncoder;
using tamis::TextPair;

namespace {

/// The embedded model with prefixes in its config.
class PrefixedModel {
 public:
  PrefixedModel() {
    std::ifstream file(std::filesystem::path(TAMIS_DEFAULT_MODEL) / "config.json");
    auto config = nlohmann::json::parse(file);
    config["prefixes"] = {{"query", "query: "}, {"passage", "some passage: "}};
    folder_.write("config.json", config.dump());
    for (const char* name : {"model.safetensors", "vocab.txt", "tokenizer_config.json"}) {
      std::filesystem::create_symlink(std::filesystem::path(TAMIS_DEFAULT_MODEL) / name,
                                      folder_.path() / name);
    }
  }
  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

const std::string kQuery = "when was the treaty signed";
const std::string kDocument = "The Peace of Westphalia was signed in 1648.";

}  // namespace

TEST_CASE("a model's prefixes stand before both texts", "[cross_encoder]") {
  const PrefixedModel folder;
  const auto prefixed = CrossEncoder::load(folder.path());
  const auto plain = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  for (const std::string& document : {kDocument, std::string()}) {
    const std::string longer = "some passage: " + document;
    const std::string asked = "query: " + kQuery;
    const TextPair ours{kQuery, document};
    const TextPair theirs{asked, longer};
    CHECK(prefixed.predict({&ours, 1}) == plain.predict({&theirs, 1}));
  }
}

TEST_CASE("each window of a document has the prefix", "[cross_encoder]") {
  const PrefixedModel folder;
  const auto prefixed = CrossEncoder::load(folder.path());
  const auto plain = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  std::string document = "The river runs through the city and over the old stones. ";
  for (int i = 0; i < 3; ++i) document += document;
  const std::string text = document + kDocument;
  const TextPair pair{kQuery, text};
  const tamis::PredictOptions options{.max_length = 64,
                                      .on_truncation = tamis::OnTruncation::window};
  const auto found = prefixed.predict_logits({&pair, 1}, options);
  CHECK(found.document_tokens_cut.front() == 0);
  const tamis::Span span = found.spans.front();
  const std::string best = "some passage: " + text.substr(span.begin, span.end - span.begin);
  const std::string asked = "query: " + kQuery;
  const TextPair winner{asked, best};
  CHECK(found.logits.front() == plain.predict_logits({&winner, 1}).logits.front());
}

TEST_CASE("prefixes count as special tokens", "[cross_encoder]") {
  const PrefixedModel folder;
  CHECK_NOTHROW(CrossEncoder::load(folder.path(), {.max_length = 9}));
  CHECK_THROWS_AS(CrossEncoder::load(folder.path(), {.max_length = 8}), tamis::InvalidArgument);
}

TEST_CASE("late interaction has the same prefixes unless others are asked for", "[cross_encoder]") {
  const PrefixedModel folder;
  const std::string_view text = kDocument;
  const auto score = [&](const tamis::LateInteraction& model) {
    return model.score(kQuery, model.encode_passages({&text, 1})).logits;
  };
  const auto ours = score(tamis::LateInteraction::load(folder.path()));
  const auto asked = score(tamis::LateInteraction::load(
      TAMIS_DEFAULT_MODEL, {.query_prefix = "query: ", .passage_prefix = "some passage: "}));
  const auto without = score(
      tamis::LateInteraction::load(folder.path(), {.query_prefix = "", .passage_prefix = ""}));
  CHECK(ours == asked);
  CHECK(without == score(tamis::LateInteraction::load(TAMIS_DEFAULT_MODEL)));
  CHECK(ours != without);
}
