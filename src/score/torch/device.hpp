// score/torch/device.hpp: "cuda:1" and "fp16" as torch understands them (private).
#pragma once

#include <string>

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

namespace tamis {

/// "cpu", "cuda" (device 0) or "cuda:<n>". Throws InvalidArgument for another text and DeviceError
/// when the device is not there.
[[nodiscard]] c10::Device parse_device(const std::string& text);

/// "fp32", "fp16" or "bf16". Throws InvalidArgument.
[[nodiscard]] c10::ScalarType parse_precision(const std::string& text);

}  // namespace tamis
