#include <string>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/model/weight_file.hpp>

#include "model/zip_writer.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using tamis::TensorRecord;
using tamis::WeightFile;

namespace {

using Records = std::map<std::string, TensorRecord>;

const std::string kFloats = test::bytes_of(std::vector<float>{1, 2, 3, 4});

Records two_records() {
  return {{"a", TensorRecord{"m/data/0", tamis::DType::f32, {4}}},
          {"b", TensorRecord{"m/data/1", tamis::DType::f32, {2, 2}}}};
}

std::string opening(const std::string& file, const Records& records = two_records()) {
  const TemporaryFolder folder;
  const auto path = folder.write("model.pt", file);
  return message_of<tamis::ModelError>([&] { (void)WeightFile::open_torchscript(path, records); });
}

}  // namespace

TEST_CASE("records of a stored zip are tensors, with 32 and 64 bit offsets") {
  for (const bool zip64 : {false, true}) {
    const TemporaryFolder folder;
    const auto path = folder.write(
        "model.pt",
        test::zip({{"m/code", "x", 8}, {"m/data/0", kFloats}, {"m/data/1", kFloats}}, zip64));
    const WeightFile weights = WeightFile::open_torchscript(path, two_records());
    REQUIRE(weights.find("b") != nullptr);
    CHECK(weights.find("b")->bytes.size() == 16);
    CHECK(weights.find("b")->bytes[3] == std::byte{0x3f});
  }
}

TEST_CASE("two names may share one record") {
  const Records tied{{"a", TensorRecord{"m/data/0", tamis::DType::f32, {4}}},
                     {"b", TensorRecord{"m/data/0", tamis::DType::f32, {4}}}};
  CHECK(opening(test::zip({{"m/data/0", kFloats}}), tied).empty());
}

TEST_CASE("archives that lie are refused") {
  for (const bool zip64 : {false, true}) {
    const test::ZipRecord good{"m/data/0", kFloats};
    CHECK(contains(opening(test::zip({good}, zip64)), "m/data/1"));
    CHECK(contains(opening(test::zip({good, {"m/data/1", kFloats, 8}}, zip64)), "m/data/1"));
    CHECK(contains(opening(test::zip({good, {"m/data/1", kFloats, 0, 1000000}}, zip64)), "zip"));
    CHECK(contains(opening(test::zip({good, {"m/data/1", kFloats, 0, -10}}, zip64)), "m/data/1"));
    CHECK(contains(opening(test::zip({good, {"m/data/1", kFloats, 0, 0, 4}}, zip64)), "'b'"));
    CHECK(contains(opening(test::zip({good, {"m/data/1", kFloats, 0, 0, 1000000}}, zip64)),
                   "m/data/1"));
    CHECK(contains(opening(test::zip({good, good}, zip64)), "twice"));
  }
  // Both directory entries point at records that share bytes.
  const std::string wide = kFloats + kFloats;
  const std::string inner = test::zip({{"m/data/1", kFloats}});
  Records overlapping{
      {"a", TensorRecord{"m/data/0", tamis::DType::u8, {static_cast<std::int64_t>(inner.size())}}},
      {"b", TensorRecord{"m/data/1", tamis::DType::f32, {4}}}};
  // The second record lies in the first one's contents: its header is 38 bytes behind.
  const std::int64_t back = -static_cast<std::int64_t>(inner.size());
  CHECK(contains(
      opening(test::zip({{"m/data/0", inner}, {"m/data/1", kFloats, 0, back}}), overlapping),
      "overlap"));
}

TEST_CASE("every cut of an archive is refused") {
  for (const bool zip64 : {false, true}) {
    const std::string whole = test::zip({{"m/data/0", kFloats}, {"m/data/1", kFloats}}, zip64);
    CHECK(opening(whole).empty());
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(opening(whole.substr(0, size)).empty());
    }
  }
}
