// 050_textbook.cpp: the textbook's cascade: hybrid retrieval 200 -> cross-encoder 25 -> judge 8, in
// 1.5 s; with a judge that is well, slow, busy or gone.
//
//   050_textbook                                               # data/scifact: 300 abstracts, cut
//   050_textbook FOLDER                                        # documents.tsv and queries.tsv
//   050_textbook FOLDER http://localhost:8080/v1 qwen3-8b      # a real judge
//
// More of SciFact: python examples/python/040_scifact.py --claims 3 --abstracts 5183 --export
// FOLDER Without a URL the judge is the stand-in of stand_in_judge.hpp, which is no language model.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <tamis/tamis.hpp>

#include "stand_in_judge.hpp"

namespace {

using Row = std::pair<std::string, std::string>;  // id, text

/// Lines of an id, a tab, and a text.
std::vector<Row> rows(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw tamis::Error("cannot read " + path);
  std::vector<Row> found;
  for (std::string line; std::getline(file, line);) {
    const std::size_t tab = line.find('\t');
    found.emplace_back(line.substr(0, tab), tab == std::string::npos ? "" : line.substr(tab + 1));
  }
  return found;
}

std::set<std::string> words(std::string_view text) {
  std::set<std::string> found;
  std::istringstream stream{std::string(text)};
  for (std::string word; stream >> word;) found.insert(word);
  return found;
}

/// Words by their rarity, and dense vectors, fused by RRF.
class Hybrid {
 public:
  Hybrid(tamis::LateInteraction model, std::vector<Row> passages)
      : model_(std::move(model)), passages_(std::move(passages)) {
    std::vector<std::string_view> texts;
    for (const auto& [id, text] : passages_) {
      texts.push_back(text);
      words_.push_back(words(text));
      for (const std::string& word : words_.back()) ++having_[word];
    }
    vectors_ = model_.encode_passages(texts).means();
  }

  std::vector<tamis::Candidate> operator()(std::string_view query, std::size_t count) const {
    const std::vector<tamis::Ranking> both{tamis::keep(tamis::rank_scores(rarity(query)), count),
                                           tamis::keep(tamis::rank_scores(cosines(query)), count)};
    std::vector<tamis::Candidate> found;
    for (const tamis::Hit& hit : tamis::keep(tamis::reciprocal_rank_fusion(both), count)) {
      const auto& [id, text] = passages_[hit.index];
      found.push_back({id, text, hit.score, {}});
    }
    return found;
  }

 private:
  /// The inverse document frequencies of the query's words that a passage has.
  [[nodiscard]] std::vector<float> rarity(std::string_view query) const {
    std::vector<float> scores(passages_.size(), 0.0F);
    for (const std::string& word : words(query)) {
      const auto having = having_.find(word);
      if (having == having_.end()) continue;
      const auto rare = std::log(1 + static_cast<double>(passages_.size()) / having->second);
      for (std::size_t i = 0; i < scores.size(); ++i) {
        if (words_[i].contains(word)) scores[i] += static_cast<float>(rare);
      }
    }
    return scores;
  }

  [[nodiscard]] std::vector<float> cosines(std::string_view query) const {
    const tamis::Embeddings embedded = model_.embed_queries({&query, 1});
    std::vector<float> scores;
    for (std::size_t row = 0; row < passages_.size(); ++row) {
      scores.push_back(std::inner_product(embedded.values.begin(), embedded.values.end(),
                                          vectors_.data() + row * embedded.width, 0.0F));
    }
    return scores;
  }

  tamis::LateInteraction model_;
  std::vector<Row> passages_;
  std::vector<std::set<std::string>> words_;
  std::unordered_map<std::string, int> having_;
  std::vector<float> vectors_;
};

class Textbook {
 public:
  Textbook(const std::string& folder, std::string model)
      : model_(std::move(model)),
        search_(tamis::LateInteraction::load(TAMIS_DEFAULT_MODEL,
                                             {.precision = "auto", .max_length = 128}),
                rows(folder + "/documents.tsv")),
        encoder_(tamis::CrossEncoder::load(TAMIS_DEFAULT_MODEL,
                                           {.precision = "auto", .max_length = 128})),
        queries_(rows(folder + "/queries.tsv")) {}

  /// The last of the queries: from those before the cascade learns what its stages cost.
  void show(const std::string& title, const std::string& base_url) const {
    const tamis::JudgeOptions judge{
        .base_url = base_url,
        .model = model_,
        .rubric = "3: supports or refutes the claim. 0: is about something else."};
    const tamis::Cascade cascade(
        {{tamis::stages::retrieve("hybrid", [&](auto query) { return search_(query, 200); }),
          {.keep = 200}},
         {tamis::stages::rerank(encoder_), {.keep = 25, .share = 0.6, .chunk = 8}},
         {tamis::stages::judge(judge), {.keep = 8}}},
        {.budget_ms = 1500});
    tamis::CascadeResult result;
    for (const auto& [id, text] : queries_) result = cascade.run(text);
    fmt::print("--- {}\n{}\n", title, queries_.back().second);
    for (const tamis::CascadeHit& hit : result.hits) {
      const tamis::StageScore& last = hit.scores.back();
      fmt::print("{:8.3f} by {:6}  {:.80}\n", last.score,
                 cascade.stages()[last.stage].stage.traits().name, hit.candidate.text);
    }
    fmt::print("{}\n", tamis::to_table(result.trace));
  }

 private:
  std::string model_;
  Hybrid search_;
  tamis::CrossEncoder encoder_;
  std::vector<Row> queries_;
};

}  // namespace

int main(int argc, char** argv) {
  using std::chrono::milliseconds;
  const Textbook textbook(argc > 1 ? argv[1] : TAMIS_EXAMPLE_DATA "/scifact",
                          argc > 3 ? argv[3] : "stand-in");
  if (argc > 2) {
    textbook.show("a judge", argv[2]);
    return 0;
  }
  const std::vector<std::pair<std::string, Manner>> scenes{
      {"the judge is well", {}},
      {"the judge is slow: what it has graded by the deadline counts",
       {.delay = milliseconds(200)}},
      {"the judge is busy: a wait that does not fit is not begun", {.refuses = true}},
      {"the judge hangs up", {.hangs_up = true}}};
  std::string gone;
  for (const auto& [title, manner] : scenes) {
    const StandInJudge judge(manner);
    gone = judge.base_url();
    textbook.show(title, gone);
  }
  textbook.show("nobody is there", gone);
  return 0;
}
