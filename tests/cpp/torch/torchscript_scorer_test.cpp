// TorchScriptScorer on tiny programs that make_programs.py writes.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/score/torchscript_scorer.hpp>

#include "support/catch.hpp"

namespace {

namespace fs = std::filesystem;
using tamis::TorchScriptScorer;

fs::path program(const std::string& name) { return fs::path(TAMIS_TEST_PROGRAMS) / name; }

/// PAIRS of make_programs.py.
std::vector<tamis::EncodedPair> pairs() {
  const std::vector<std::vector<tamis::TokenId>> ids = {
      {2, 5, 3, 7, 3}, {2, 5, 3, 8, 9, 10, 3}, {2, 3, 3}, {2, 11, 12, 13, 3, 4, 4, 4, 4, 4, 3}};
  std::vector<tamis::EncodedPair> encoded;
  for (const auto& row : ids) {
    tamis::EncodedPair pair;
    pair.ids = row;
    std::uint8_t type = 0;
    for (const tamis::TokenId id : row) {
      pair.type_ids.push_back(type);
      if (id == 3) type = 1;
    }
    encoded.push_back(pair);
  }
  return encoded;
}

std::vector<tamis::PackedBatch> batches(const std::vector<std::vector<std::uint32_t>>& plan) {
  std::vector<tamis::PackedBatch> packed;
  for (const auto& rows : plan) packed.push_back(tamis::pack(pairs(), rows));
  return packed;
}

std::vector<float> expected(const std::string& name) {
  std::ifstream file(program(name) / "expected.logits");
  REQUIRE(file);
  return {std::istream_iterator<float>(file), {}};
}

std::vector<float> score(const TorchScriptScorer& scorer,
                         const std::vector<tamis::PackedBatch>& work) {
  std::size_t count = 0;
  for (const auto& batch : work) count += batch.pairs();
  std::vector<float> logits(count * scorer.labels(), -99.0F);
  scorer.score(work, logits);
  return logits;
}

void check_close(const std::vector<float>& found, const std::vector<float>& wanted, float off) {
  REQUIRE(found.size() == wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(std::abs(found[i] - wanted[i]) <= off);
}

/// A copy of a bundle that a test may damage.
fs::path copy_of(const std::string& name, const std::string& as) {
  const fs::path copy = program("damaged_" + as);
  fs::remove_all(copy);
  fs::copy(program(name), copy);
  return copy;
}

std::string message_of(const fs::path& bundle, const tamis::TorchScriptOptions& options = {}) {
  try {
    static_cast<void>(TorchScriptScorer::load(bundle, options));
  } catch (const tamis::Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a program gives the logits that torch computes") {
  const std::string name = GENERATE("packed", "padded", "tuple", "dict");
  const auto scorer = TorchScriptScorer::load(program(name));
  check_close(score(scorer, batches({{0, 1, 2, 3}})), expected(name), 1e-5F);
  CHECK(scorer.description() == "torchscript fp32 cpu");
}

TEST_CASE("how pairs are batched does not move their logits") {
  const std::string name = GENERATE("packed", "padded");
  const std::size_t max_tokens = GENERATE(1, 8, 100);
  const auto scorer = TorchScriptScorer::load(program(name), {.max_tokens = max_tokens});
  check_close(score(scorer, batches({{0, 1, 2, 3}})), expected(name), 1e-5F);
  check_close(score(scorer, batches({{0}, {1, 2}, {3}})), expected(name), 1e-5F);
  CHECK(score(scorer, {}).empty());
}

TEST_CASE("half precisions are near") {
  const std::string precision = GENERATE("fp16", "bf16");
  const auto scorer = TorchScriptScorer::load(program("packed"), {.precision = precision});
  check_close(score(scorer, batches({{0, 1, 2, 3}})), expected("packed"), 0.05F);
  CHECK(scorer.description() == "torchscript " + precision + " cpu");
}

TEST_CASE("several threads score with one program") {
  const auto scorer = TorchScriptScorer::load(program("packed"));
  const auto work = batches({{0, 1}, {2, 3}});
  std::vector<std::vector<float>> found(4);
  std::vector<std::thread> threads;
  for (auto& result : found) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) result = score(scorer, work);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : found) check_close(result, expected("packed"), 1e-5F);
}

TEST_CASE("what a program returns is checked") {
  const auto run = [](const char* name) {
    return score(TorchScriptScorer::load(program(name)), batches({{0, 1}}));
  };
  CHECK_THROWS_AS(run("wrong_shape"), tamis::ModelError);
  CHECK_THROWS_AS(run("wrong_type"), tamis::ModelError);
  try {
    run("raises");
    FAIL("nothing was thrown");
  } catch (const tamis::ModelError& error) {
    const std::string text = error.what();
    CHECK(text.find("this program never works") != std::string::npos);
    CHECK(text.find('\n') == std::string::npos);
  }
}

TEST_CASE("where the device's memory does not suffice, half is tried") {
  const auto scorer = TorchScriptScorer::load(program("out_of_memory"));
  check_close(score(scorer, batches({{0, 1, 2, 3}})), expected("out_of_memory"), 1e-5F);
  CHECK_THROWS_AS(score(TorchScriptScorer::load(program("no_memory")), batches({{0, 1}})),
                  tamis::DeviceError);
}

TEST_CASE("pairs that the model cannot read are refused before they reach the program") {
  const auto scorer = TorchScriptScorer::load(program("packed"));
  auto work = batches({{0}});
  work[0].ids[1] = 16;
  CHECK_THROWS_AS(score(scorer, work), tamis::InvalidArgument);
  work[0].ids[1] = -1;
  CHECK_THROWS_AS(score(scorer, work), tamis::InvalidArgument);

  tamis::EncodedPair pair;
  pair.ids.assign(33, 4);
  pair.type_ids.assign(33, 0);
  const std::vector<tamis::EncodedPair> one = {pair};
  const std::vector<std::uint32_t> rows = {0};
  CHECK_THROWS_AS(score(scorer, {tamis::pack(one, rows)}), tamis::InvalidArgument);
}

TEST_CASE("a damaged bundle is refused in a sentence") {
  const fs::path cut = copy_of("packed", "cut");
  fs::resize_file(cut / "model.pt", fs::file_size(cut / "model.pt") / 2);
  CHECK(message_of(cut).find("sha256") != std::string::npos);
  const std::string text = message_of(cut, {.verify_hashes = false});
  CHECK(text.starts_with("cannot load"));
  CHECK(text.find('\n') == std::string::npos);

  const fs::path empty = copy_of("packed", "empty");
  fs::remove(empty / "model.pt");
  CHECK(message_of(empty, {.verify_hashes = false}).find("missing") != std::string::npos);
  CHECK_THROWS_AS(TorchScriptScorer::load(program("absent")), tamis::ModelError);
}

TEST_CASE("devices and precisions are checked by name") {
  const auto load = [](const tamis::TorchScriptOptions& options) {
    return TorchScriptScorer::load(program("packed"), options);
  };
  CHECK_THROWS_AS(load({.device = "tpu"}), tamis::InvalidArgument);
  CHECK_THROWS_AS(load({.device = "cuda:"}), tamis::InvalidArgument);
  CHECK_THROWS_AS(load({.device = "cuda:x"}), tamis::InvalidArgument);
  CHECK_THROWS_AS(load({.precision = "int8"}), tamis::InvalidArgument);
  CHECK_THROWS_AS(load({.device = "cuda:99"}), tamis::DeviceError);
  if (tamis::cuda_device_count() == 0)
    CHECK_THROWS_AS(load({.device = "cuda"}), tamis::DeviceError);
}
