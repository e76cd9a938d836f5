// Order, equal bits in any company, truncation, the cache, threads, cancellation. That the logits
// are right is tested in Python, against PyTorch.
#include <algorithm>
#include <atomic>
#include <thread>

#include <tamis/error.hpp>

#include "late_interaction/default_model.hpp"
#include "score/random_model.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::LateInteraction;
using tamis::Passages;
using test::default_model;
using test::views;

namespace {

constexpr std::string_view kQuery = "when was the treaty signed";

std::vector<float> logits(const LateInteraction& model, const Passages& passages) {
  return model.score(kQuery, passages).logits;
}

}  // namespace

TEST_CASE("late interaction: nothing in gives nothing out", "[late_interaction]") {
  CHECK(default_model().encode_passages({}).size() == 0);
  CHECK(default_model().score(kQuery, Passages()).logits.empty());
  CHECK(default_model().rank(kQuery, std::span<const std::string_view>{}).empty());
}

TEST_CASE("late interaction: the best passage comes first", "[late_interaction]") {
  const std::vector<std::string_view> passages{
      "Bananas are yellow and grow in warm countries.", "",
      "The Peace of Westphalia was signed in 1648 in Osnabrück and Münster.",
      "A cell is the smallest unit of life."};
  const auto hits = default_model().rank("when was the treaty of Westphalia signed", passages,
                                         {.top_k = 2, .min_score = {}, .read = {}});
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].index == 2);
  CHECK(hits[0].score > hits[1].score);
}

TEST_CASE("late interaction: a passage has the same bits in any company", "[late_interaction]") {
  const auto texts = test::random_texts(60, 3);
  const auto model = LateInteraction::load(TAMIS_DEFAULT_MODEL, {.cache_bytes = 0});
  std::vector<float> alone;
  for (const auto& text : texts) {
    const std::string_view one = text;
    alone.push_back(logits(model, model.encode_passages({&one, 1})).front());
  }
  std::mt19937 random(5);
  std::vector<std::size_t> order(texts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int round = 0; round < 4; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<std::string_view> chosen;
    for (const std::size_t i : order) chosen.emplace_back(texts[i]);
    const Passages passages = model.encode_passages(chosen);
    const auto together = logits(model, passages);
    for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(together[i] == alone[order[i]]);
    const Passages some = passages.select(std::vector<std::size_t>{7, 3, 7});
    CHECK(logits(model, some) ==
          std::vector<float>{alone[order[7]], alone[order[3]], alone[order[7]]});
  }
}

TEST_CASE("late interaction: equal texts tie, and are encoded once", "[late_interaction]") {
  const auto model = LateInteraction::load(TAMIS_DEFAULT_MODEL);
  const std::vector<std::string_view> texts{"test", "other", "test"};
  const Passages passages = model.encode_passages(texts);
  CHECK(passages.size() == 3);
  CHECK(passages.bytes() == (passages.tokens() + 3) * (model.width() + 4));
  const auto hits = model.rank("test", passages);
  CHECK(hits[0].index == 0);
  CHECK(hits[1].index == 2);
  CHECK(hits[0].score == hits[1].score);
  const std::size_t held = model.cached_bytes();
  CHECK(held > 0);
  CHECK(logits(model, model.encode_passages(texts)) == logits(model, passages));
  CHECK(model.cached_bytes() == held);
}

TEST_CASE("late interaction: queries have the same bits together, alone, and kept",
          "[late_interaction]") {
  const auto texts = test::random_texts(30, 17);
  const auto asked = test::random_texts(12, 19);
  std::vector<std::string_view> queries = views(asked);
  queries.push_back(queries[4]);
  const auto model = LateInteraction::load(TAMIS_DEFAULT_MODEL);
  const Passages passages = model.encode_passages(views(texts));
  const std::vector<Passages> lists(queries.size(), passages);
  const auto together = model.score(queries, lists);
  REQUIRE(together.size() == queries.size());
  const auto fresh = LateInteraction::load(TAMIS_DEFAULT_MODEL);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    CHECK(together[i].logits == fresh.score(queries[i], passages).logits);
    CHECK(together[i].logits == fresh.score(queries[i], passages).logits);
  }
  CHECK_THROWS_AS(model.score(queries, std::span(lists).first(2)), tamis::InvalidArgument);
}

TEST_CASE("late interaction: truncation is counted or refused", "[late_interaction]") {
  const LateInteraction& model = default_model();
  std::string text;
  for (int i = 0; i < 900; ++i) text += "banana ";
  const std::vector<std::string_view> texts{"short", text};
  const Passages passages = model.encode_passages(texts);
  CHECK(passages.tokens_cut()[0] == 0);
  CHECK(passages.tokens_cut()[1] >= 900 + 2 - model.max_length());
  CHECK(model.score(text, passages).query_tokens_cut == passages.tokens_cut()[1]);
  const tamis::ReadOptions refuse{tamis::OnTruncation::error, {}, {}};
  const auto encode = [&] { (void)model.encode_passages(texts, refuse); };
  CHECK(contains(message_of<tamis::TruncationError>(encode), "passage 1 is "));  // from the cache
  const auto score = [&] { (void)model.score(text, passages, refuse); };
  CHECK(contains(message_of<tamis::TruncationError>(score), "the query is "));
  const tamis::ReadOptions windows{tamis::OnTruncation::window, {}, {}};
  CHECK_THROWS_AS(model.score("q", passages, windows), tamis::InvalidArgument);
}

TEST_CASE("late interaction: one object, many threads", "[late_interaction]") {
  const auto texts = test::random_texts(40, 9);
  const auto model = LateInteraction::load(TAMIS_DEFAULT_MODEL, {.cache_bytes = 200000});
  const auto expected = logits(model, model.encode_passages(views(texts)));
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 3; ++round) {
        if (logits(model, model.encode_passages(views(texts))) != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(model.cached_bytes() <= 200000);
}

TEST_CASE("late interaction: stops when asked, and says how far it is", "[late_interaction]") {
  const auto texts = test::random_texts(20, 11);
  const Passages passages = default_model().encode_passages(views(texts));
  tamis::ReadOptions options;
  std::size_t last = 0;
  options.progress = [&](std::size_t done, std::size_t) { last = done; };
  (void)default_model().score(kQuery, passages, options);
  CHECK(last == passages.size());
  options.cancel = tamis::CancelToken();
  options.cancel->cancel();
  CHECK_THROWS_AS(default_model().score(kQuery, passages, options), tamis::Cancelled);
  const std::vector<std::string_view> fresh{"nobody has encoded this"};
  CHECK_THROWS_AS(default_model().encode_passages(fresh, options), tamis::Cancelled);
}

TEST_CASE("late interaction: what cannot be loaded or selected", "[late_interaction]") {
  const auto load = [](const tamis::LateInteractionOptions& options) {
    (void)LateInteraction::load(TAMIS_DEFAULT_MODEL, options);
  };
  CHECK_THROWS_AS(load({.max_length = 2}), tamis::InvalidArgument);
  CHECK_THROWS_AS(load({.precision = "fp8"}), tamis::InvalidArgument);
  const TemporaryFolder folder;
  test::RandomModel model("bert");
  model.config["architectures"] = {"BertForSequenceClassification"};
  model.write(folder);
  CHECK(contains(message_of<tamis::ModelError>([&] { (void)LateInteraction::load(folder.path()); }),
                 "is a cross-encoder"));
  const std::vector<std::size_t> beyond{1};
  CHECK_THROWS_AS(Passages().select(beyond), tamis::InvalidArgument);
}
