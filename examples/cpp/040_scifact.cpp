// 040_scifact.cpp: retrieve -> late interaction -> cross-encode; quality and time after each stage,
// and inside time budgets.
//
//   python examples/python/040_scifact.py --claims 300 --abstracts 5183 --export FOLDER
//   040_scifact FOLDER [QUERIES]
//
// Without a folder it runs on five passages.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tamis/eval/metrics.hpp>
#include <tamis/tamis.hpp>

namespace {

struct Collection {
  std::vector<std::string> ids, texts;
  std::vector<std::pair<std::string, std::string>> queries;  // id, text
  std::map<std::string, std::map<std::string, int>> grades;  // query -> document -> grade
};

/// The fields of each line, divided by tabs.
std::vector<std::vector<std::string>> rows(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw tamis::Error("cannot read " + path);
  std::vector<std::vector<std::string>> found;
  for (std::string line; std::getline(file, line);) {
    auto& fields = found.emplace_back();
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find('\t', begin), line.size());
      fields.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return found;
}

Collection read(const std::string& folder, std::size_t queries) {
  Collection all;
  for (auto& row : rows(folder + "/documents.tsv")) {
    all.ids.push_back(row.at(0));
    all.texts.push_back(row.at(1));
  }
  for (auto& row : rows(folder + "/queries.tsv")) {
    if (all.queries.size() < queries) all.queries.emplace_back(row.at(0), row.at(1));
  }
  for (auto& row : rows(folder + "/qrels.tsv")) {
    all.grades[row.at(0)][row.at(1)] = std::stoi(row.at(2));
  }
  return all;
}

Collection five_passages() {
  return {{"1", "2", "3", "4", "5"},
          {"The Peace of Westphalia was signed in 1648 in Osnabrück and Münster.",
           "Giant pandas eat bamboo, 12 to 38 kg of it a day.",
           "Bananas are yellow and grow in warm countries.", "A cell is the smallest unit of life.",
           "Tulips flower in spring."},
          {{"a", "when was the treaty of Westphalia signed"}, {"b", "what do pandas eat"}},
          {{"a", {{"1", 1}}}, {"b", {{"2", 1}}}}};
}

/// The vectors of all passages, and the nearest of them for a query.
class Dense {
 public:
  Dense(const tamis::LateInteraction& model, const Collection& all) : model_(model), all_(all) {
    const std::vector<std::string_view> texts(all.texts.begin(), all.texts.end());
    vectors_ = model.encode_passages(texts).means();  // and its cache keeps them for `compare`
  }

  std::vector<tamis::Candidate> operator()(std::string_view query, std::size_t count) const {
    const tamis::Embeddings embedded = model_.embed_queries({&query, 1});
    std::vector<float> cosines;
    for (std::size_t row = 0; row < all_.ids.size(); ++row) {
      cosines.push_back(std::inner_product(embedded.values.begin(), embedded.values.end(),
                                           vectors_.begin() + row * embedded.width, 0.0F));
    }
    std::vector<tamis::Candidate> found;
    for (const tamis::Hit& hit : tamis::keep(tamis::rank_scores(cosines), count)) {
      found.push_back({all_.ids[hit.index], all_.texts[hit.index], hit.score, {}});
    }
    return found;
  }

 private:
  tamis::LateInteraction model_;
  const Collection& all_;
  std::vector<float> vectors_;
};

struct Quality {
  double recall = 0, ndcg = 0, stage_ms = 0, run_ms = 0;
};

/// Means over the queries; `stage_ms` is the last stage's.
Quality measure(const tamis::Cascade& cascade, const Collection& all,
                std::optional<double> budget_ms = {}) {
  Quality sum;
  for (const auto& [id, text] : all.queries) {
    tamis::RunOptions options;
    options.budget_ms = budget_ms;
    const auto begin = std::chrono::steady_clock::now();
    const tamis::CascadeResult result = cascade.run(text, options);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    const auto& known = all.grades.at(id);
    std::vector<int> ranked, judged;
    for (const auto& [document, grade] : known) judged.push_back(grade);
    for (const tamis::CascadeHit& hit : result.hits) {
      const auto found = known.find(hit.candidate.id);
      ranked.push_back(found == known.end() ? 0 : found->second);
    }
    sum.recall += tamis::recall(ranked, judged, tamis::kNoCutoff);
    sum.ndcg += tamis::ndcg(ranked, judged, 10);
    sum.stage_ms += result.trace.stages.back().real_ms;
    sum.run_ms += took.count();
  }
  const auto count = static_cast<double>(all.queries.size());
  return {sum.recall / count, sum.ndcg / count, sum.stage_ms / count, sum.run_ms / count};
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t queries = argc > 2 ? std::stoul(argv[2]) : 20;
  const Collection all = argc > 1 ? read(argv[1], queries) : five_passages();
  // Another model than the cross-encoder's: the same one would give nearly the same scores.
  const auto late = tamis::LateInteraction::load(
      TAMIS_TINY_MODEL,
      {.precision = "auto", .max_length = 128, .cache_bytes = std::size_t{1} << 30U});
  const auto model = tamis::CrossEncoder::load(TAMIS_DEFAULT_MODEL);
  const Dense dense(late, all);
  const std::vector<tamis::CascadeStage> stages{
      {tamis::stages::retrieve("dense", [&](std::string_view query) { return dense(query, 200); }),
       {.keep = 200}},
      {tamis::stages::late_interaction(late), {.keep = 25, .blend = {{"dense", 0.3}}}},
      {tamis::stages::rerank(model), {.keep = 10, .blend = {{"dense", 0.3}}, .chunk = 2}}};

  fmt::print("{} passages, {} queries\n\n{:12} {:>8} {:>8} {:>8}\n", all.ids.size(),
             all.queries.size(), "after", "recall", "nDCG@10", "ms");
  for (std::size_t count = 1; count <= stages.size(); ++count) {
    const tamis::Cascade cascade({stages.begin(), stages.begin() + count}, {});
    const Quality found = measure(cascade, all);
    fmt::print("{:12} {:8.3f} {:8.3f} {:8.1f}\n", stages[count - 1].stage.traits().name,
               found.recall, found.ndcg, found.stage_ms);
  }
  const tamis::Cascade cascade(stages, {});
  (void)measure(cascade, all);  // teaches it what its stages cost
  fmt::print("\n{:>9} {:>8} {:>8}\n", "budget", "nDCG@10", "ms");
  for (const double budget : {1500.0, 500.0, 200.0, 100.0, 50.0}) {
    const Quality found = measure(cascade, all, budget);
    const std::string bar(static_cast<std::size_t>(50 * found.ndcg), '#');
    fmt::print("{:6.0f} ms {:8.3f} {:8.0f}  {}\n", budget, found.ndcg, found.run_ms, bar);
  }
  return 0;
}
