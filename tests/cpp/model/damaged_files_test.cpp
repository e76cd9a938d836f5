// Random damage to headers: a ModelError or a file that is still right, never a crash. The build
// with address sanitizer is what makes this test strict.
#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/model/weight_file.hpp>

#include "model/zip_writer.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace {

std::string damaged(std::string bytes, std::mt19937& random) {
  const auto below = [&](std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
  };
  const std::size_t hits = 1 + below(4);
  for (std::size_t hit = 0; hit < hits && !bytes.empty(); ++hit) {
    const std::size_t at = below(bytes.size());
    switch (below(5)) {
      case 0:
        bytes[at] = static_cast<char>(below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(0xff);
        break;
      case 2:
        bytes[at] = static_cast<char>('0' + below(10));
        break;
      case 3:
        bytes.erase(at, 1 + below(8));
        break;
      default:
        bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(8)));
    }
  }
  return bytes;
}

/// Reads the first and last byte of every tensor: what a wrong range would make fail.
void touch(const tamis::WeightFile& weights) {
  unsigned sum = 0;
  for (const std::string& name : weights.names()) {
    const auto bytes = weights.find(name)->bytes;
    if (bytes.empty()) continue;
    sum += std::to_integer<unsigned>(bytes.front()) + std::to_integer<unsigned>(bytes.back());
  }
  CHECK(sum < 0xffffffffU);
}

template <typename Open>
void survive(const std::string& whole, unsigned seed, Open open) {
  const TemporaryFolder folder;
  std::mt19937 random(seed);
  std::size_t refused = 0;
  for (int round = 0; round < 3000; ++round) {
    const auto path = folder.write("file", damaged(whole, random));
    try {
      touch(open(path));
    } catch (const tamis::ModelError&) {
      ++refused;
    }
  }
  CHECK(refused > 500);
}

}  // namespace

TEST_CASE("damaged safetensors") {
  test::SafetensorsWriter writer;
  writer.add("a", {2, 2}, {1, 2, 3, 4});
  writer.add("b.weight", "I8", {3}, "abc");
  survive(writer.str(), 1, [](const auto& path) { return tamis::WeightFile::open(path); });
}

TEST_CASE("damaged TorchScript archives") {
  const std::map<std::string, tamis::TensorRecord> records{{"a", {"m/0", tamis::DType::f32, {2}}},
                                                           {"b", {"m/1", tamis::DType::i8, {3}}}};
  for (const bool zip64 : {false, true}) {
    survive(test::zip({{"m/0", "12345678"}, {"m/1", "abc"}}, zip64), 2,
            [&](const auto& path) { return tamis::WeightFile::open_torchscript(path, records); });
  }
}
