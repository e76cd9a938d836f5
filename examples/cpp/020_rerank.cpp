// examples/cpp/020_rerank.cpp: the best passages for a query.
//
//   020_rerank [MODEL]     MODEL: a Hugging Face folder or a tamis bundle
#include <exception>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <tamis/cross_encoder.hpp>

int main(int argc, char** argv) try {
  const auto model =
      tamis::CrossEncoder::load(argc > 1 ? argv[1] : TAMIS_DEFAULT_MODEL, {.max_length = 256});

  const std::string_view query = "who signed the treaty of Westphalia?";
  const std::vector<std::string_view> passages = {
      "Westphalia is a region in the northwest of Germany, known for its ham.",
      "The Peace of Westphalia was signed in 1648 by envoys of the Emperor, France and Sweden.",
      "Tulips flower for one to two weeks in spring.",
      "The Thirty Years' War ended when the treaties of Osnabrueck and Muenster were signed.",
  };
  const tamis::Ranking hits = model.rank(query, passages, {.top_k = 3});

  fmt::print("{}\n", query);
  for (const tamis::Hit& hit : hits) fmt::print("{:8.3f}  {}\n", hit.score, passages[hit.index]);
  return hits.size() == 3 && hits.front().index != 2 ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "020_rerank: {}\n", error.what());
  return 2;
}
