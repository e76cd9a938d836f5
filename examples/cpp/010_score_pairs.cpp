// examples/cpp/010_score_pairs.cpp: how well does each passage answer its question?
//
//   010_score_pairs [MODEL]     MODEL: a Hugging Face folder or a tamis bundle
#include <cstddef>
#include <exception>
#include <vector>

#include <fmt/format.h>

#include <tamis/cross_encoder.hpp>

int main(int argc, char** argv) try {
  const auto model = tamis::CrossEncoder::load(argc > 1 ? argv[1] : TAMIS_DEFAULT_MODEL);

  const std::vector<tamis::TextPair> pairs = {
      {"what is the capital of France?", "Paris is the capital and largest city of France."},
      {"what is the capital of France?", "Bananas are yellow when they are ripe."},
      {"how long do tulips bloom?", "Tulips flower for one to two weeks in spring."},
  };
  const std::vector<float> scores = model.predict(pairs);

  for (std::size_t i = 0; i < pairs.size(); ++i) {
    fmt::print("{:8.3f}  {}  {}\n", scores[i], pairs[i].query, pairs[i].document);
  }
  return scores[0] > scores[1] ? 0 : 1;
} catch (const std::exception& error) {
  fmt::print(stderr, "010_score_pairs: {}\n", error.what());
  return 2;
}
