// 030_cascade.cpp: a cheap stage, then the cross-encoder, inside a time budget, and what they did.
#include <iostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/tamis.hpp>

namespace {

/// Words of the query that a text contains: a stage is any function of query and texts.
std::vector<float> shared_words(std::string_view query, std::span<const std::string_view> texts) {
  std::vector<float> scores;
  for (const std::string_view text : texts) {
    scores.push_back(static_cast<float>(tamis::stages::word_overlap(query, text)));
  }
  return scores;
}

}  // namespace

int main(int argc, char** argv) {
  const auto model = tamis::CrossEncoder::load(argc > 1 ? argv[1] : TAMIS_DEFAULT_MODEL);
  const tamis::Cascade cascade(
      {{tamis::stages::callable("words", shared_words), {.keep = 4, .limit = 100}},
       {tamis::stages::deduplicate(), {.keep = 4}},
       {tamis::stages::rerank(model), {.keep = 2, .blend = {{"words", 0.3}}}}},
      {.budget_ms = 500});
  std::cout << cascade.description() << "\n\n";
  const std::vector<tamis::Candidate> passages{
      {"1", "Bananas are rich in potassium.", {}, {}},
      {"2", "Paris is the capital and largest city of France.", {}, {}},
      {"3", "Rome is the capital of Italy.", {}, {}},
      {"4", "Paris is the capital and largest city of France.", {}, {}},
      {"5", "France borders eight countries.", {}, {}}};
  const tamis::CascadeResult result = cascade.run("what is the capital of France", passages);
  for (const tamis::CascadeHit& hit : result.hits) std::cout << hit.candidate.text << '\n';
  std::cout << '\n' << tamis::to_table(result.trace);
  return 0;
}
