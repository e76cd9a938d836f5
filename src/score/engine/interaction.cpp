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

/// Rows divided by their length (at least 1e-12, as torch's normalize).
std::vector<float> normalized(const float* states, std::size_t count, std::size_t width) {
  std::vector<float> rows(states, states + count * width);
  for (std::size_t row = 0; row < count; ++row) {
    float* const at = rows.data() + row * width;
    const double length = std::max(std::sqrt(dot(at, at, width)), 1e-12);
    for (std::size_t i = 0; i < width; ++i) {
      at[i] = static_cast<float>(static_cast<double>(at[i]) / length);
    }
  }
  return rows;
}

std::vector<float> mean_of(const float* states, std::size_t rows, std::size_t width) {
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

/// Tokens [begin, end) of a text.
struct Compared {
  std::size_t begin;
  std::size_t end;
};

/// Without [CLS] and [SEP] where the model leaves them out and something remains.
Compared compared(const EncoderConfig& config, std::size_t tokens) {
  if (config.interaction_special_tokens || tokens <= 2) return {0, tokens};
  return {1, tokens - 1};
}

double token_weight(const EncoderWeights& weights, const float* state) {
  const double x = dot(weights.head.token_weight.data(), state, weights.config.hidden_size) +
                   static_cast<double>(weights.head.token_bias);
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

QueryReading read_query(const EncoderWeights& weights, const float* states, std::size_t tokens) {
  const std::size_t width = weights.config.hidden_size;
  const auto [begin, end] = compared(weights.config, tokens);
  QueryReading query{
      normalized(states + begin * width, end - begin, width), {}, mean_of(states, tokens, width)};
  for (std::size_t token = begin; token < end; ++token) {
    query.weights.push_back(token_weight(weights, states + token * width));
  }
  float head = 0;
  Bytes prepared;
  apply(weights.head.classifier, states, 1, &head, prepared, Team{});
  query.head = static_cast<double>(head);
  return query;
}

DocumentReading read_document(const EncoderWeights& weights, const float* states,
                              std::size_t tokens) {
  const std::size_t width = weights.config.hidden_size;
  const auto [begin, end] = compared(weights.config, tokens);
  return {make_linear(weights.kernels->fp32, normalized(states + begin * width, end - begin, width),
                      {}, end - begin, width),
          mean_of(states, tokens, width)};
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
  const float* const states = workspace.hidden.data();
  for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
    const auto [begin, middle, end] = bounds_of(batch, pair);
    logits[pair] = logit(weights, read_query(weights, states + begin * width, middle - begin),
                         read_document(weights, states + middle * width, end - middle));
  }
}

}  // namespace tamis::engine
