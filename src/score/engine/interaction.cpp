// score/engine/interaction.cpp: the readout of tamis_interaction; training/model.py defines it.
#include <algorithm>
#include <cmath>

#include <tamis/error.hpp>

#include "score/engine/forward.hpp"

namespace tamis::engine {
namespace {

double dot(const float* x, const float* y, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

/// Rows [begin, end) of `states` divided by their length (at least 1e-12, as torch's normalize).
std::vector<float> normalized(const float* states, std::size_t begin, std::size_t end,
                              std::size_t width) {
  std::vector<float> rows(states + begin * width, states + end * width);
  for (std::size_t row = 0; row < end - begin; ++row) {
    float* const at = rows.data() + row * width;
    const double length = std::max(std::sqrt(dot(at, at, width)), 1e-12);
    for (std::size_t i = 0; i < width; ++i) {
      at[i] = static_cast<float>(static_cast<double>(at[i]) / length);
    }
  }
  return rows;
}

std::vector<float> mean_of(const float* states, std::size_t begin, std::size_t end,
                           std::size_t width) {
  std::vector<float> mean(width);
  for (std::size_t i = 0; i < width; ++i) {
    double sum = 0;
    for (std::size_t row = begin; row < end; ++row)
      sum += static_cast<double>(states[row * width + i]);
    mean[i] = static_cast<float>(sum / static_cast<double>(end - begin));
  }
  return mean;
}

double cosine(const std::vector<float>& x, const std::vector<float>& y) {
  const double lengths =
      std::sqrt(dot(x.data(), x.data(), x.size())) * std::sqrt(dot(y.data(), y.data(), y.size()));
  return dot(x.data(), y.data(), x.size()) / std::max(lengths, 1e-12);
}

/// Tokens [begin, end) of one segment.
struct Segment {
  std::size_t begin;
  std::size_t end;
};

class Readout {
 public:
  Readout(const EncoderWeights& weights, const float* states)
      : weights_(weights), states_(states), width_(weights.config.hidden_size) {}

  [[nodiscard]] float logit(Segment query, Segment document) {
    const Segment q = inner(query);
    const Segment d = inner(document);
    const double mixed = static_cast<double>(weights_.head.maxsim_mix) * maxsim(q, d) +
                         static_cast<double>(weights_.head.cosine_mix) *
                             cosine(mean_of(states_, query.begin, query.end, width_),
                                    mean_of(states_, document.begin, document.end, width_));
    float head = 0;
    apply(weights_.head.classifier, states_ + query.begin * width_, 1, &head, prepared_, Team{});
    return static_cast<float>(mixed + static_cast<double>(head));
  }

 private:
  /// Without the segment's [CLS] and [SEP] where the model leaves them out and something remains.
  [[nodiscard]] Segment inner(Segment segment) const {
    if (weights_.config.interaction_special_tokens || segment.end - segment.begin <= 2) {
      return segment;
    }
    return {segment.begin + 1, segment.end - 1};
  }

  [[nodiscard]] double maxsim(Segment query, Segment document) {
    const std::size_t rows = query.end - query.begin;
    const std::size_t columns = document.end - document.begin;
    const auto q = normalized(states_, query.begin, query.end, width_);
    const auto d = normalized(states_, document.begin, document.end, width_);
    const Linear keys = make_linear(weights_.kernels->fp32, d, {}, columns, width_);
    std::vector<float> similarities(rows * columns);
    apply(keys, q.data(), rows, similarities.data(), prepared_, Team{});
    double sum = 0;
    double total = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      const auto begin = similarities.begin() + static_cast<std::ptrdiff_t>(row * columns);
      const float best = *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(columns));
      const double weight = token_weight(query.begin + row);
      sum += weight * static_cast<double>(best);
      total += weight;
    }
    return sum / std::max(total, 1e-12);
  }

  [[nodiscard]] double token_weight(std::size_t token) const {
    const double x = dot(weights_.head.token_weight.data(), states_ + token * width_, width_) +
                     static_cast<double>(weights_.head.token_bias);
    return 1.0 / (1.0 + std::exp(-x));
  }

  const EncoderWeights& weights_;
  const float* states_;
  std::size_t width_;
  Bytes prepared_;
};

}  // namespace

void read_interaction(const EncoderWeights& weights, const PackedBatch& batch,
                      const Workspace& workspace, std::span<float> logits) {
  Readout readout(weights, workspace.hidden.data());
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
    std::size_t middle = begin;
    while (middle < end && batch.type_ids[middle] == batch.type_ids[begin]) ++middle;
    if (middle == begin || middle == end) {
      raise<InvalidArgument>("pair {} of the batch has one segment; this model needs two", pair);
    }
    logits[pair] = readout.logit({begin, middle}, {middle, end});
  }
}

}  // namespace tamis::engine
