// examples/cpp/025_torchscript.cpp: a bundle's TorchScript program, on a CPU or a GPU.
//
//   025_torchscript BUNDLE [DEVICE]     BUNDLE: a folder that `tamis export` wrote
//
// Loading a TorchScript file can run code: load bundles only from those you trust.
#include <exception>
#include <vector>

#include <fmt/format.h>

#include <tamis/cross_encoder.hpp>
#include <tamis/score/torchscript_scorer.hpp>

int main(int argc, char** argv) try {
  if (argc < 2) {
    fmt::print("usage: 025_torchscript BUNDLE [DEVICE]\n");
    return 0;
  }
  const auto scorer =
      tamis::TorchScriptScorer::load(argv[1], {.device = argc > 2 ? argv[2] : "cpu"});
  const auto model = tamis::CrossEncoder::load(argv[1], scorer);

  const std::vector<tamis::TextPair> pairs = {
      {"what is the capital of France?", "Paris is the capital and largest city of France."},
      {"what is the capital of France?", "Bananas are yellow when they are ripe."},
  };
  fmt::print("{}\n", model.scorer().description());
  for (const float score : model.predict(pairs)) fmt::print("{:8.3f}\n", score);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "025_torchscript: {}\n", error.what());
  return 2;
}
