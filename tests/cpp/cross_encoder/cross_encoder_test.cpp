// The front door on the embedded model: order, windows, truncation, threads, cancellation.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <random>
#include <string>
#include <thread>

#include <tamis/cross_encoder.hpp>
#include <tamis/error.hpp>
#include <tamis/model/bundle.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using tamis::CrossEncoder;
using tamis::OnTruncation;
using tamis::TextPair;

namespace {

const CrossEncoder& model() {
  static const CrossEncoder loaded = CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  return loaded;
}

std::string words(std::mt19937& random, std::size_t count) {
  static const std::vector<std::string> vocabulary{"treaty", "signed", "river", "the",  "of",
                                                   "cell",   "energy", "city",  "1648", "naïve"};
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += vocabulary[random() % vocabulary.size()] + " ";
  return text;
}

std::vector<std::string> documents(std::size_t count) {
  std::mt19937 random(3);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(words(random, 1 + random() % 60));
  return texts;
}

/// NaN for sequences of six tokens, and 1 for others.
struct BrokenScorer {
  static void score(std::span<const tamis::PackedBatch> batches, std::span<float> logits) {
    std::size_t next = 0;
    for (const auto& batch : batches) {
      for (std::size_t i = 0; i < batch.pairs(); ++i) {
        const bool breaks = batch.cu_seqlens[i + 1] - batch.cu_seqlens[i] == 6;
        logits[next++] = breaks ? std::numeric_limits<float>::quiet_NaN() : 1.0F;
      }
    }
  }
  static std::size_t labels() { return 1; }
  static std::string description() { return "broken"; }
};

}  // namespace

TEST_CASE("nothing in gives nothing out", "[cross_encoder]") {
  CHECK(model().predict({}).empty());
  CHECK(model().rank("query", {}).empty());
}

TEST_CASE("the best passage comes first", "[cross_encoder]") {
  const std::vector<std::string_view> passages{
      "Bananas are yellow and grow in warm countries.",
      "The Peace of Westphalia was signed in 1648 in Osnabrück and Münster.",
      "A cell is the smallest unit of life."};
  const auto hits =
      model().rank("when was the treaty of Westphalia signed", passages, {.top_k = 2});
  REQUIRE(hits.size() == 2);
  CHECK(hits[0].index == 1);
  CHECK(hits[0].score > hits[1].score);
}

TEST_CASE("a pair's logit has the same bits in any company", "[cross_encoder]") {
  const auto texts = documents(60);
  std::vector<TextPair> pairs;
  for (const auto& text : texts) pairs.push_back({"when was the treaty signed", text});
  std::vector<float> alone;
  for (const auto& pair : pairs) {
    alone.push_back(model().predict_logits(std::span(&pair, 1)).logits.front());
  }
  std::mt19937 random(5);
  std::vector<std::size_t> order(pairs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int round = 0; round < 5; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    std::vector<TextPair> chosen;
    for (const std::size_t i : order) chosen.push_back(pairs[i]);
    tamis::PredictOptions options;
    options.max_batch_tokens = 1 + random() % 700;
    const auto logits = model().predict_logits(chosen, options).logits;
    for (std::size_t i = 0; i < order.size(); ++i) REQUIRE(logits[i] == alone[order[i]]);
  }
}

TEST_CASE("equal passages tie and keep the caller's order", "[cross_encoder]") {
  const std::vector<std::string_view> passages{"test", "other", "test"};
  const auto hits = model().rank("test", passages);
  REQUIRE(hits.size() == 3);
  CHECK(hits[0].index == 0);
  CHECK(hits[1].index == 2);
  CHECK(hits[0].score == hits[1].score);
}

TEST_CASE("min_score is inclusive and comes before top_k", "[cross_encoder]") {
  const std::vector<std::string_view> passages{"the treaty was signed", "a river", "a cell"};
  const auto all = model().rank("treaty", passages);
  tamis::RankOptions options;
  options.min_score = all[1].score;
  CHECK(model().rank("treaty", passages, options).size() == 2);
  options.top_k = 1;
  CHECK(model().rank("treaty", passages, options).size() == 1);
}

std::string refusal(const std::vector<TextPair>& pairs, const tamis::PredictOptions& options) {
  return message_of<tamis::TruncationError>([&] { (void)model().predict_logits(pairs, options); });
}

TEST_CASE("truncation is counted, refused or avoided by windows", "[cross_encoder]") {
  std::string filler;
  for (int i = 0; i < 900; ++i) filler += "banana ";
  const std::string text = filler + "the treaty of Westphalia was signed in 1648. " + filler;
  const TextPair pair{"when was the treaty of Westphalia signed", text};
  const std::span one(&pair, 1);

  const auto cut = model().predict_logits(one);
  CHECK(cut.document_tokens_cut.front() > 1000);
  CHECK(cut.tokens == model().max_length());

  tamis::PredictOptions options;
  options.on_truncation = OnTruncation::error;
  CHECK_THROWS_AS(model().predict_logits(one, options), tamis::TruncationError);
  const std::vector<TextPair> several{{"a", "b"}, {"c", "d"}, pair, {"a", text}};
  CHECK(contains(refusal(several, options), "pair 2 has "));
  CHECK(contains(refusal(several, options), "tokens for a pair; "));
  options.max_document_tokens = 10;
  CHECK(contains(refusal(several, options), "the limit of 10 tokens for a document; "));
  options.max_document_tokens = std::nullopt;

  options.on_truncation = OnTruncation::window;
  const auto windows = model().predict_logits(one, options);
  CHECK(windows.document_tokens_cut.front() == 0);
  CHECK(windows.logits.front() > cut.logits.front());
  const tamis::Span span = windows.spans.front();
  CHECK(text.substr(span.begin, span.end - span.begin).find("treaty") != std::string::npos);
}

TEST_CASE("mean and first are other aggregates of the same windows", "[cross_encoder]") {
  const std::string text = documents(1).front() + std::string(9000, 'x') + " treaty";
  const TextPair pair{"treaty", text};
  tamis::PredictOptions options;
  options.max_length = 32;
  options.on_truncation = OnTruncation::window;
  const auto of = [&](tamis::Aggregate aggregate) {
    options.aggregate = aggregate;
    return model().predict_logits(std::span(&pair, 1), options).logits.front();
  };
  CHECK(of(tamis::Aggregate::max) >= of(tamis::Aggregate::mean));
  CHECK(of(tamis::Aggregate::max) >= of(tamis::Aggregate::first));
}

TEST_CASE("options that would have no effect are refused", "[cross_encoder]") {
  const TextPair pair{"treaty", "signed"};
  const auto refused = [&](const tamis::PredictOptions& options) {
    return message_of<tamis::InvalidArgument>(
        [&] { (void)model().predict(std::span(&pair, 1), options); });
  };
  tamis::PredictOptions options;
  options.window_stride = 3;
  CHECK(contains(refused(options), "window_stride"));
  options = {};
  options.aggregate = tamis::Aggregate::mean;
  CHECK(contains(refused(options), "aggregate"));
  options = {};
  options.on_truncation = OnTruncation::window;
  options.truncation = tamis::Truncation::only_first;
  CHECK(contains(refused(options), "truncation"));
  const std::vector<std::string_view> one{"signed"};
  CHECK_THROWS_AS(model().rank("treaty", one, {.min_score = std::nanf("")}),
                  tamis::InvalidArgument);
}

TEST_CASE("many threads get what one gets", "[cross_encoder]") {
  const auto texts = documents(12);
  std::vector<TextPair> pairs;
  for (const auto& text : texts) pairs.push_back({"river", text});
  const auto expected = model().predict(pairs);
  std::vector<std::vector<float>> found(8);
  std::vector<std::thread> threads;
  for (auto& scores : found) threads.emplace_back([&] { scores = model().predict(pairs); });
  for (auto& thread : threads) thread.join();
  for (const auto& scores : found) CHECK(scores == expected);
}

TEST_CASE("a cancelled call throws", "[cross_encoder]") {
  const TextPair pair{"q", "d"};
  tamis::PredictOptions options;
  options.cancel.emplace();
  options.cancel->cancel();
  CHECK_THROWS_AS(model().predict(std::span(&pair, 1), options), tamis::Cancelled);
}

TEST_CASE("progress ends at the total", "[cross_encoder]") {
  const auto texts = documents(30);
  std::vector<TextPair> pairs;
  for (const auto& text : texts) pairs.push_back({"river", text});
  std::size_t last = 0;
  tamis::PredictOptions options;
  options.progress = [&](std::size_t done, std::size_t total) {
    CHECK(done >= last);
    CHECK(total == pairs.size());
    last = done;
  };
  (void)model().predict(pairs, options);
  CHECK(last == pairs.size());
}

TEST_CASE("options that cannot be used are refused", "[cross_encoder]") {
  const TextPair pair{"q", "d"};
  tamis::PredictOptions options;
  options.max_length = 0;
  CHECK_THROWS_AS(model().predict(std::span(&pair, 1), options), tamis::InvalidArgument);
  options.max_length = 2;
  CHECK_THROWS_AS(model().predict(std::span(&pair, 1), options), tamis::InvalidArgument);
  CHECK_THROWS_AS(CrossEncoder::load("no/such/folder"), tamis::ModelError);
  CHECK_THROWS_AS(CrossEncoder::load(TAMIS_DEFAULT_MODEL, {.precision = "int3"}),
                  tamis::InvalidArgument);
}

TEST_CASE("a score that is not finite names its pairs", "[cross_encoder]") {
  const auto broken = CrossEncoder::load(TAMIS_DEFAULT_MODEL, BrokenScorer{});
  const std::vector<TextPair> pairs{
      {"river", "city"}, {"river", "the city"}, {"a", "b"}, {"river", "the city"}};
  const auto lengths = model().predict_logits(std::span(pairs).subspan(1, 1)).tokens;
  REQUIRE(lengths == 7);  // [CLS] river [SEP] [CLS] the city [SEP]
  try {
    (void)broken.predict(pairs);
    FAIL("it must throw");
  } catch (const tamis::NonFiniteScore& error) {
    CHECK(error.indices() == std::vector<std::size_t>{0, 2});
  }
  CHECK(broken.predict(std::span(pairs).subspan(1, 1)) == std::vector<float>{1.0F});
}

TEST_CASE("top_k above the count is all of them, and 0 is none", "[cross_encoder]") {
  const std::vector<std::string_view> passages{"a", "b", ""};
  CHECK(model().rank("", passages, {.top_k = 100}).size() == 3);
  CHECK(model().rank("", passages, {.top_k = 0}).empty());
}

TEST_CASE("threads that load one model hold one", "[cross_encoder]") {
  std::vector<const tamis::ModelSpec*> found(8);
  const CrossEncoder& held = model();
  std::vector<std::thread> threads;
  for (auto& each : found) {
    threads.emplace_back([&] { each = &CrossEncoder::load(TAMIS_DEFAULT_MODEL).spec(); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto* each : found) CHECK(each == &held.spec());
  CHECK(&CrossEncoder::load(TAMIS_DEFAULT_MODEL, {.max_length = 64}).spec() != &held.spec());
}

TEST_CASE("a saved prompt goes before the query", "[cross_encoder]") {
  const TemporaryFolder folder;
  for (const auto& file : std::filesystem::directory_iterator(TAMIS_DEFAULT_MODEL)) {
    if (file.is_regular_file()) {
      std::filesystem::copy_file(file.path(), folder.path() / file.path().filename());
    }
  }
  folder.write("modules.json", "[]");
  folder.write("config_sentence_transformers.json",
               R"({"model_type": "CrossEncoder", "prompts": {"web": "river ", "none": ""},
                   "default_prompt_name": "web"})");
  const auto prompted = CrossEncoder::load(folder.path());
  const auto score = [](const CrossEncoder& scorer, std::string_view query,
                        const tamis::PredictOptions& options = {}) {
    const std::vector<TextPair> pairs{{query, "the treaty was signed"}, {query, "a river"}};
    return scorer.predict(pairs, options);
  };
  tamis::PredictOptions options;
  CHECK(score(prompted, "city") == score(model(), "river city"));
  options.prompt_name = "none";
  CHECK(score(prompted, "city", options) == score(model(), "city"));
  options.prompt = "cell ";
  CHECK(score(prompted, "city", options) == score(model(), "cell city"));
  options = {};
  options.prompt_name = "query";
  CHECK_THROWS_AS(score(prompted, "city", options), tamis::InvalidArgument);
}

TEST_CASE("empty texts and broken UTF-8 have a score", "[cross_encoder]") {
  const std::vector<TextPair> pairs{{"", ""}, {"q", ""}, {"", "d"}, {"\xff\xfe", "a\xc3"}};
  CHECK(model().predict(pairs).size() == 4);
}
