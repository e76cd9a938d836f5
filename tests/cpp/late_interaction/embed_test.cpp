// One vector for each text. That it equals sentence-transformers' is tested in Python.
#include <cmath>
#include <cstddef>

#include <tamis/error.hpp>

#include "late_interaction/default_model.hpp"
#include "score/random_model.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::Embeddings;
using test::default_model;
using test::views;

TEST_CASE("embed: unit vectors, the same bits alone and together", "[late_interaction]") {
  const auto texts = test::random_texts(30, 17);
  const Embeddings all = default_model().embed_passages(views(texts));
  REQUIRE(all.width == default_model().width());
  REQUIRE(all.values.size() == texts.size() * all.width);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const std::string_view one = texts[i];
    const Embeddings alone = default_model().embed_passages({&one, 1});
    double squares = 0;
    for (std::size_t x = 0; x < all.width; ++x) {
      REQUIRE(alone.values[x] == all.values[i * all.width + x]);
      squares += std::pow(static_cast<double>(alone.values[x]), 2);
    }
    CHECK(std::abs(squares - 1) < 1e-5);
  }
  CHECK(default_model().embed_queries({}).values.empty());
}

TEST_CASE("embed: encoded passages keep the mean, up to int8", "[late_interaction]") {
  const auto texts = test::random_texts(10, 19);
  const Embeddings embedded = default_model().embed_passages(views(texts));
  const std::vector<float> means = default_model().encode_passages(views(texts)).means();
  REQUIRE(means.size() == embedded.values.size());
  for (std::size_t i = 0; i < means.size(); ++i) {
    CHECK(std::abs(means[i] - embedded.values[i]) < 2e-3F);
  }
}

TEST_CASE("embed: truncation is counted or refused, windows are refused", "[late_interaction]") {
  std::string text;
  for (int i = 0; i < 900; ++i) text += "banana ";
  const std::vector<std::string_view> texts{"short", text};
  const Embeddings found = default_model().embed_queries(texts);
  CHECK(found.tokens_cut[0] == 0);
  CHECK(found.tokens_cut[1] >= 900 + 2 - default_model().max_length());
  const auto embed = [&](tamis::OnTruncation how) {
    (void)default_model().embed_queries(texts, {how, {}, {}});
  };
  CHECK(contains(message_of<tamis::TruncationError>([&] { embed(tamis::OnTruncation::error); }),
                 "query 1 "));
  CHECK_THROWS_AS(embed(tamis::OnTruncation::window), tamis::InvalidArgument);
}
