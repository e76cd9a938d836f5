// score/torch/device.cpp: devices and precisions by name.
#include "score/torch/device.hpp"

#include <charconv>
#include <string_view>

#include <torch/cuda.h>

#include <tamis/error.hpp>
#include <tamis/score/torchscript_scorer.hpp>

namespace tamis {

std::size_t cuda_device_count() {
  return torch::cuda::is_available() ? static_cast<std::size_t>(torch::cuda::device_count()) : 0;
}

c10::Device parse_device(const std::string& text) {
  if (text == "cpu") return c10::Device(c10::kCPU);
  const std::string_view rest =
      std::string_view(text).substr(std::min<std::size_t>(4, text.size()));
  int index = 0;
  bool good = text.starts_with("cuda");
  if (good && !rest.empty()) {
    const char* end = rest.data() + rest.size();
    const auto parsed = std::from_chars(rest.data() + 1, end, index);
    good = rest.front() == ':' && rest.size() > 1 && parsed.ptr == end &&
           parsed.ec == std::errc{} && index >= 0;
  }
  if (!good) {
    raise<InvalidArgument>("unknown device '{}'; use \"cpu\", \"cuda\" or \"cuda:<number>\"", text);
  }
  const std::size_t count = cuda_device_count();
  if (count == 0) {
    raise<DeviceError>(
        "device '{}' was asked for, but this torch finds no CUDA device; use device \"cpu\", or "
        "install a CUDA build of torch and a driver",
        text);
  }
  if (static_cast<std::size_t>(index) >= count) {
    raise<DeviceError>(
        "device '{}' was asked for, but there are {} CUDA devices (cuda:0 to cuda:{})", text, count,
        count - 1);
  }
  return c10::Device(c10::kCUDA, static_cast<c10::DeviceIndex>(index));
}

c10::ScalarType parse_precision(const std::string& text) {
  if (text == "fp32") return c10::kFloat;
  if (text == "fp16") return c10::kHalf;
  if (text == "bf16") return c10::kBFloat16;
  raise<InvalidArgument>("precision '{}' is not one of TorchScript's; use fp32, fp16 or bf16",
                         text);
}

}  // namespace tamis
