// layer_benchmark.cpp: the parts of an encoder layer, one thread: GFLOP/s, and to be held against
// the peaks that the same program prints. 7 sequences of 70 tokens, as in a micro-batch; attention
// of 2 sequences of 300, too.
#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "fp32_products.hpp"
#include "score/engine/forward.hpp"
#include "score/engine/kernels.hpp"

namespace {

using namespace tamis::engine;

struct Sequences {
  std::size_t count, length;

  [[nodiscard]] std::size_t tokens() const { return count * length; }
};
constexpr Sequences kShort{7, 70};
constexpr Sequences kLong{2, 300};

struct Shape {
  std::string name;
  std::size_t width, heads, inner;
};

Linear random_linear(const Kernels& kernels, const Product& product, std::size_t outputs,
                     std::size_t inputs) {
  std::mt19937 random(static_cast<unsigned>(outputs));
  std::normal_distribution<float> normal(0, 0.05F);
  std::vector<float> weight(outputs * inputs);
  for (float& value : weight) value = normal(random);
  return linear_of(kernels, product, std::move(weight), outputs, inputs);
}

/// One layer with random weights, and a batch with random activations.
struct Layer {
  EncoderWeights weights;
  Workspace workspace;
  tamis::PackedBatch batch;

  Layer(const Kernels& kernels, const Product& product, const Shape& shape,
        const Sequences& sequences) {
    weights.config.hidden_size = shape.width;
    weights.config.heads = shape.heads;
    weights.config.intermediate_size = shape.inner;
    weights.kernels = &kernels;
    weights.attention = &kernels.attention_product(product);
    const Norm norm{std::vector<float>(shape.width, 1.0F), std::vector<float>(shape.width)};
    weights.layers.push_back({random_linear(kernels, product, shape.width, shape.width),
                              random_linear(kernels, product, 2 * shape.width, shape.width),
                              {},
                              random_linear(kernels, product, shape.width, shape.width),
                              norm,
                              random_linear(kernels, product, shape.inner, shape.width),
                              random_linear(kernels, product, shape.width, shape.inner),
                              norm,
                              {}});
    batch.ids.resize(sequences.tokens());
    batch.type_ids.resize(sequences.tokens());
    for (std::size_t i = 0; i <= sequences.count; ++i) {
      batch.cu_seqlens.push_back(static_cast<std::int32_t>(i * sequences.length));
    }
    batch.rows.resize(sequences.count);
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    workspace.hidden.resize(sequences.tokens() * shape.width);
    for (float& value : workspace.hidden) value = normal(random);
  }
};

void project(Layer& layer) {
  project_tokens(layer.weights, layer.weights.layers[0], layer.batch.tokens(), layer.workspace, {});
}
void attend_all(Layer& layer) {
  attend(layer.weights, layer.weights.layers[0], layer.batch, layer.workspace, {});
}
void finish(Layer& layer) {
  finish_layer(layer.weights, layer.weights.layers[0], nullptr, layer.batch.tokens(),
               layer.workspace, {});
}

/// A part of a layer, and the multiply-adds of its products for a token.
struct Part {
  const char* name;
  Sequences sequences;
  std::size_t (*multiply_adds)(const Shape&);
  void (*run)(Layer&);
};

const Part kParts[] = {
    {"project", kShort, [](const Shape& s) { return 3 * s.width * s.width; }, project},
    {"attend", kShort, [](const Shape& s) { return 2 * s.width * kShort.length; }, attend_all},
    {"attend_300", kLong, [](const Shape& s) { return 2 * s.width * kLong.length; }, attend_all},
    {"finish", kShort, [](const Shape& s) { return s.width * (s.width + 2 * s.inner); }, finish},
};

void measure(benchmark::State& state, const Kernels& kernels, const Product& product,
             const Shape& shape, const Part& part) {
  Layer layer(kernels, product, shape, part.sequences);
  for (const auto before : {project, attend_all, finish}) before(layer);
  for (auto _ : state) {
    part.run(layer);
    benchmark::ClobberMemory();
  }
  const auto work = static_cast<double>(part.sequences.tokens() * part.multiply_adds(shape));
  state.counters["GFLOP/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 2e-9 * work, benchmark::Counter::kIsRate);
}

const bool registered = [] {
  static const Shape shapes[] = {{"minilm", 384, 12, 1536}, {"bge_m3", 1024, 16, 4096}};
  for (const char* const* name = supported_kernels(); *name != nullptr; ++name) {
    const Kernels& kernels = kernels_for(*name);
    for (const Product* product : {&kernels.fp32, &kernels.fp32_layers, &kernels.fp32_of_int8,
                                   &kernels.bf16, &kernels.int8}) {
      const char* const of_layers = layers_of(kernels, product);
      if (of_layers == nullptr) continue;
      for (const Shape& shape : shapes) {
        for (const Part& part : kParts) {
          benchmark::RegisterBenchmark((std::string(*name) + "/" + product->precision + of_layers +
                                        "/" + shape.name + "/" + part.name)
                                           .c_str(),
                                       [&kernels, product, &shape, &part](benchmark::State& state) {
                                         measure(state, kernels, *product, shape, part);
                                       });
        }
      }
    }
  }
  return true;
}();

}  // namespace
