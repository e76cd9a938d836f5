// must not compile: could not convert|no matching function|no viable conversion
#include <tamis/rank/top_k.hpp>

#ifdef CONTROL
using Score = float;
#else
using Score = double;  // ranking sorts fp32 logits; a silent narrowing would make ties
#endif
tamis::Ranking ranking(const std::vector<Score>& scores) { return tamis::top_k(scores, 3); }
