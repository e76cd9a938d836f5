// must not compile: conver
#include <tamis/score/scorer.hpp>

// A scorer is called by many threads: scoring must be const.
struct Scorer {
#ifdef CONTROL
  void score(std::span<const tamis::PackedBatch>, std::span<float>) const {}
#else
  void score(std::span<const tamis::PackedBatch>, std::span<float>) {}
#endif
  std::size_t labels() const { return 1; }
  std::string description() const { return "constant"; }
};
tamis::AnyScorer make() { return Scorer{}; }
