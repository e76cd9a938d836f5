#include <cstring>
#include <string>
#include <vector>

#include <fmt/ranges.h>

#include <tamis/error.hpp>
#include <tamis/model/weight_file.hpp>

#include "model/safetensors_writer.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using tamis::WeightFile;

namespace {

std::string small_file() {
  test::SafetensorsWriter writer;
  writer.add("a", {2, 2}, {1, 2, 3, 4});
  writer.add("b", "I8", {3}, test::bytes_of(std::vector<std::int8_t>{5, 6, 7}));
  writer.add("empty", "F16", {0, 4}, "");
  return writer.str();
}

std::string opening(const std::string& header, const std::string& data) {
  const TemporaryFolder folder;
  const auto path = folder.write("w.safetensors", test::safetensors(header, data));
  return message_of<tamis::ModelError>([&] { (void)WeightFile::open(path); });
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& dtype = "F32") {
  return fmt::format(R"("{}":{{"dtype":"{}","shape":{},"data_offsets":{}}})", name, dtype, shape,
                     offsets);
}

std::string object(const std::vector<std::string>& entries) {
  return fmt::format("{{{}}}", fmt::join(entries, ","));
}

}  // namespace

TEST_CASE("tensors are found by name, their bytes in place") {
  const TemporaryFolder folder;
  const WeightFile weights = WeightFile::open(folder.write("model.safetensors", small_file()));
  CHECK(weights.names() == std::vector<std::string>{"a", "b", "empty"});
  const tamis::TensorView* a = weights.find("a");
  REQUIRE(a != nullptr);
  CHECK(a->dtype == tamis::DType::f32);
  CHECK(a->shape == std::vector<std::int64_t>{2, 2});
  float last = 0;
  std::memcpy(&last, a->bytes.data() + 12, 4);
  CHECK(last == 4.0F);
  CHECK(weights.find("empty")->elements() == 0);
  CHECK(weights.find("absent") == nullptr);
}

TEST_CASE("memory that is none of the file's is not let go") {
  const TemporaryFolder folder;
  const WeightFile weights = WeightFile::open(folder.write("model.safetensors", small_file()));
  const std::vector<std::byte> own(1 << 16, std::byte{7});
  tamis::TensorView foreign = *weights.find("a");
  foreign.bytes = own;
  weights.forget(foreign);
  CHECK(own == std::vector<std::byte>(1 << 16, std::byte{7}));
}

TEST_CASE("copies share the mapping and outlive the first") {
  const TemporaryFolder folder;
  folder.write("model.safetensors", small_file());
  auto first = std::make_unique<WeightFile>(WeightFile::open(folder.path()));
  const WeightFile second = *first;
  CHECK(second.find("a")->bytes.data() == first->find("a")->bytes.data());
  first.reset();
  CHECK(second.find("b")->bytes[0] == std::byte{5});
}

TEST_CASE("a sharded checkpoint is one index") {
  const TemporaryFolder folder;
  test::SafetensorsWriter one;
  one.add("a", {1}, {1});
  test::SafetensorsWriter two;
  two.add("b", {1}, {2});
  folder.write("model-1.safetensors", one.str());
  folder.write("model-2.safetensors", two.str());
  const std::string index = "model.safetensors.index.json";
  folder.write(index, R"({"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}})");
  CHECK(WeightFile::open(folder.path()).names() == std::vector<std::string>{"a", "b"});

  const auto message = [&](const std::string& text) {
    folder.write(index, text);
    return message_of<tamis::ModelError>([&] { (void)WeightFile::open(folder.path()); });
  };
  CHECK(contains(message(R"({"weight_map":{"a":"../x.safetensors"}})"), "outside"));
  CHECK(contains(message(R"({"weight_map":{"a":"model-3.safetensors"}})"), "model-3"));
  CHECK(contains(message(R"({"weight_map":7})"), "weight_map"));
  CHECK(contains(message("{"), "model.safetensors.index.json is no JSON object"));
  folder.write("model-2.safetensors", one.str());
  CHECK(contains(message(R"({"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}})"),
                 "in two of its files"));
}

TEST_CASE("a pickle is not read; the message says how to convert it") {
  const TemporaryFolder folder;
  folder.write("pytorch_model.bin", "x");
  const auto message =
      message_of<tamis::ModelError>([&] { (void)WeightFile::open(folder.path()); });
  CHECK(contains(message, "pytorch_model.bin"));
  CHECK(contains(message, "save_pretrained"));
}

TEST_CASE("a pointer of Git LFS in place of the weights is called one") {
  const TemporaryFolder folder;
  const auto path = folder.write("model.safetensors",
                                 "version https://git-lfs.github.com/spec/v1\noid sha256:0\n");
  const auto message = message_of<tamis::ModelError>([&] { (void)WeightFile::open(path); });
  CHECK(contains(message, "git lfs pull"));
}

TEST_CASE("headers that lie are refused, naming the tensor") {
  const std::string data(16, '\0');
  CHECK(contains(opening(object({entry("w", "[4]", "[0,20]")}), data), "'w'"));
  CHECK(contains(opening(object({entry("w", "[4]", "[12,8]")}), data), "'w'"));
  CHECK(contains(opening(object({entry("w", "[3]", "[0,16]")}), data), "needs 12 bytes"));
  CHECK(contains(opening(object({entry("w", "[-4]", "[0,16]")}), data), "impossible"));
  CHECK(contains(opening(object({entry("w", "[4]", "[0,16]", "F7")}), data), "F7"));
  // 2^62 * 4 bytes is 0 in 64 bits.
  CHECK(contains(opening(object({entry("w", "[4611686018427387904]", "[0,0]")}), data),
                 "impossible"));
  CHECK(contains(opening(object({entry("w", "[2]", "[0,8]"), entry("v", "[2]", "[4,12]")}), data),
                 "overlap"));
  CHECK(contains(opening(object({entry("w", "[2]", "[0,8]"), entry("w", "[2]", "[8,16]")}), data),
                 "'w' is there twice"));
  CHECK(contains(opening(R"({"w":3})", data), "'w'"));
  CHECK(contains(opening(R"({"w":{"dtype":"F32"}})", data), "'w'"));
  CHECK(contains(opening("[]", data), "no JSON object"));
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(contains(opening(R"({"w":)" + deep + "}", data), "nests deeper than 100 levels"));
}

TEST_CASE("files that are cut short, empty or missing") {
  const TemporaryFolder folder;
  const std::string whole = small_file();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto path = folder.write("w.safetensors", whole.substr(0, size));
    CHECK_THROWS_AS(WeightFile::open(path), tamis::ModelError);
  }
  CHECK_THROWS_AS(WeightFile::open(folder.path() / "absent"), tamis::ModelError);
  CHECK_THROWS_AS(WeightFile::open(folder.path()), tamis::ModelError);
}
