// cross_encoder/aggregate.cpp
#include "cross_encoder/aggregate.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace tamis {
namespace {

/// Windows [begin, end) of one pair.
struct Windows {
  std::size_t begin;
  std::size_t end;
};

// Double, and left to right: the same windows give the same bits whatever was scored beside them.
float mean(std::span<const float> logits, Windows windows, std::size_t labels, std::size_t label) {
  double sum = 0;
  for (std::size_t i = windows.begin; i < windows.end; ++i) sum += logits[i * labels + label];
  return static_cast<float>(sum / static_cast<double>(windows.end - windows.begin));
}

// NaN wins, so that a broken window is reported and not hidden behind a better one.
std::size_t best(std::span<const float> logits, Windows windows, std::size_t labels,
                 std::size_t label) {
  std::size_t winner = windows.begin;
  for (std::size_t i = windows.begin; i < windows.end; ++i) {
    const float score = logits[i * labels + label];
    if (std::isnan(score)) return i;
    if (score > logits[winner * labels + label]) winner = i;
  }
  return winner;
}

float aggregated(std::span<const float> logits, Windows windows, std::size_t labels,
                 std::size_t label, Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::max:
      return logits[best(logits, windows, labels, label) * labels + label];
    case Aggregate::mean:
      return mean(logits, windows, labels, label);
    case Aggregate::first:
      break;
  }
  return logits[windows.begin * labels + label];
}

}  // namespace

void append(Prediction& result, const EncodedGroup& group, std::span<const float> logits,
            Aggregate aggregate) {
  const std::size_t labels = result.labels;
  std::size_t begin = 0;
  for (std::size_t pair = 0; pair < group.query_tokens_cut.size(); ++pair) {
    std::size_t end = begin;
    while (end < group.owner.size() && group.owner[end] == pair) ++end;
    const Windows windows{begin, end};
    for (std::size_t label = 0; label < labels; ++label) {
      result.logits.push_back(aggregated(logits, windows, labels, label, aggregate));
    }
    if (!group.spans.empty()) {
      const std::size_t winner =
          aggregate == Aggregate::first ? begin : best(logits, windows, labels, 0);
      result.spans.push_back(group.spans[winner]);
    }
    begin = end;
  }
  result.query_tokens_cut.insert(result.query_tokens_cut.end(), group.query_tokens_cut.begin(),
                                 group.query_tokens_cut.end());
  result.document_tokens_cut.insert(result.document_tokens_cut.end(),
                                    group.document_tokens_cut.begin(),
                                    group.document_tokens_cut.end());
  for (const EncodedPair& sequence : group.sequences) result.tokens += sequence.size();
}

}  // namespace tamis
