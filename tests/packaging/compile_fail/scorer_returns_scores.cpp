// must not compile: conver
#include <tamis/score/scorer.hpp>

struct Scorer {
#ifdef CONTROL
  void score(std::span<const tamis::PackedBatch>, std::span<float>) const {}
#else
  int score(std::span<const tamis::PackedBatch>, std::span<float>) const { return 1; }
#endif
  std::size_t labels() const { return 1; }
  std::string description() const { return "constant"; }
};
tamis::AnyScorer make() { return Scorer{}; }
