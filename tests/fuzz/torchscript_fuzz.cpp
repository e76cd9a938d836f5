// Any bytes as a TorchScript archive; what is found can be read to its last byte.
#include <cstddef>
#include <span>

#include "fuzz_input.hpp"
#include "model/tensor_index.hpp"
#include "touch_tensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::map<std::string, tamis::TensorRecord> records{
      {"weight", {"m/data/0", tamis::DType::f32, {2, 2}}},
      {"bias", {"m/data/1", tamis::DType::f16, {3}}}};
  return tamis::fuzz::expect_value_or_error([&] {
    const std::span file(data, size);
    tamis::fuzz::touch(tamis::index_torchscript(std::as_bytes(file), "fuzz.pt", records));
  });
}
