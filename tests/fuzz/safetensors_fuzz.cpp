// Any bytes as a .safetensors file; what is found can be read to its last byte.
#include <cstddef>
#include <span>

#include "fuzz_input.hpp"
#include "model/tensor_index.hpp"
#include "touch_tensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return tamis::fuzz::expect_value_or_error([&] {
    const std::span file(data, size);
    tamis::fuzz::touch(tamis::index_safetensors(std::as_bytes(file), "fuzz.safetensors"));
  });
}
