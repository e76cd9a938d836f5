// score/engine/interaction.cpp
#include "score/engine/interaction.hpp"

#include <algorithm>
#include <cmath>

#include "score/engine/forward.hpp"
#include "score/engine/segments.hpp"

namespace tamis::engine {
namespace {

double dot(const float* x, const float* y, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(y[i]);
  return sum;
}

/// The compared rows divided by their length (at least 1e-12, as torch's normalize).
std::vector<float> normalized(const EncoderConfig& config, std::span<const float> states) {
  const std::size_t width = config.hidden_size;
  const TokenRange compared = compared_tokens(config, states.size() / width);
  const auto some = states.subspan(compared.begin * width, compared.size() * width);
  std::vector<float> rows(some.begin(), some.end());
  for (std::size_t row = 0; row < compared.size(); ++row) {
    float* const at = rows.data() + row * width;
    const double length = std::max(std::sqrt(dot(at, at, width)), 1e-12);
    for (std::size_t i = 0; i < width; ++i) {
      at[i] = static_cast<float>(static_cast<double>(at[i]) / length);
    }
  }
  return rows;
}

std::vector<float> mean_of(std::span<const float> states, std::size_t width) {
  const std::size_t rows = states.size() / width;
  std::vector<float> mean(width);
  for (std::size_t i = 0; i < width; ++i) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row)
      sum += static_cast<double>(states[row * width + i]);
    mean[i] = static_cast<float>(sum / static_cast<double>(rows));
  }
  return mean;
}

double cosine(const std::vector<float>& x, const std::vector<float>& y) {
  const double lengths =
      std::sqrt(dot(x.data(), x.data(), x.size())) * std::sqrt(dot(y.data(), y.data(), y.size()));
  return dot(x.data(), y.data(), x.size()) / std::max(lengths, 1e-12);
}

double token_weight(const HeadWeights& head, std::span<const float> state) {
  if (head.token_weight.empty()) return 1;
  const double x = dot(head.token_weight.data(), state.data(), state.size()) +
                   static_cast<double>(head.token_bias);
  return 1.0 / (1.0 + std::exp(-x));
}

double maxsim(const QueryReading& query, const DocumentReading& document) {
  const std::size_t rows = query.weights.size();
  const std::size_t columns = document.keys.outputs;
  std::vector<float> similarities(rows * columns);
  Bytes prepared;
  apply(document.keys, query.rows.data(), rows, similarities.data(), prepared, Team{});
  double sum = 0;
  double total = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const auto begin = similarities.begin() + static_cast<std::ptrdiff_t>(row * columns);
    const float best = *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(columns));
    sum += query.weights[row] * static_cast<double>(best);
    total += query.weights[row];
  }
  return sum / std::max(total, 1e-12);
}

}  // namespace

TokenRange compared_tokens(const EncoderConfig& config, std::size_t tokens) {
  // Without [CLS] and [SEP] where the model leaves them out and something remains.
  const bool without_special = !config.interaction_special_tokens && tokens > 2;
  return without_special ? TokenRange{1, tokens - 1} : TokenRange{0, tokens};
}

std::vector<double> token_weights(const EncoderWeights& weights, std::span<const float> states) {
  const std::size_t width = weights.config.hidden_size;
  const TokenRange compared = compared_tokens(weights.config, states.size() / width);
  std::vector<double> found;
  for (std::size_t token = compared.begin; token < compared.end; ++token) {
    found.push_back(token_weight(weights.head, states.subspan(token * width, width)));
  }
  return found;
}

double head_of(const EncoderWeights& weights, std::span<const float> states) {
  if (weights.head.classifier.outputs == 0) return 0;
  float out = 0;
  Bytes prepared;
  apply(weights.head.classifier, states.data(), 1, &out, prepared, Team{});
  return static_cast<double>(out);
}

QueryReading read_query(const EncoderWeights& weights, std::span<const float> states) {
  return {normalized(weights.config, states), token_weights(weights, states),
          mean_of(states, weights.config.hidden_size), head_of(weights, states)};
}

DocumentReading read_document(const EncoderWeights& weights, std::span<const float> states) {
  const std::size_t width = weights.config.hidden_size;
  const std::vector<float> rows = normalized(weights.config, states);
  return {make_linear(weights.kernels->fp32, rows, {}, rows.size() / width, width),
          mean_of(states, width)};
}

float logit(const EncoderWeights& weights, const QueryReading& query,
            const DocumentReading& document) {
  return static_cast<float>(static_cast<double>(weights.head.maxsim_mix) * maxsim(query, document) +
                            static_cast<double>(weights.head.cosine_mix) *
                                cosine(query.mean, document.mean) +
                            query.head);
}

void read_interaction(const EncoderWeights& weights, const PackedBatch& batch,
                      const Workspace& workspace, std::span<float> logits) {
  const std::size_t width = weights.config.hidden_size;
  const auto states = [&](std::size_t begin, std::size_t end) {
    return std::span<const float>(workspace.hidden).subspan(begin * width, (end - begin) * width);
  };
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const PairBounds at = bounds_of(batch, pair);
    logits[pair] = logit(weights, read_query(weights, states(at.begin, at.middle)),
                         read_document(weights, states(at.middle, at.end)));
  }
}

}  // namespace tamis::engine
