// late_interaction/torch/borrowed.hpp: the caller's memory as tensors (private).
#pragma once

#include <span>
#include <vector>

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <tamis/late_interaction/device_maxsim.hpp>

namespace tamis::borrowed {

/// The same rows in the same order, where those that lie side by side in memory are one.
[[nodiscard]] std::vector<DeviceVectors> merged(std::span<const DeviceVectors> documents);

// Views where the memory is; `device` is the one that `on_device` means. They are read only.

[[nodiscard]] at::Tensor rows(const DeviceVectors& given, at::Device device);    ///< [rows, width]
[[nodiscard]] at::Tensor scales(const DeviceVectors& given, at::Device device);  ///< fp32 [rows]
[[nodiscard]] at::Tensor mask(const DeviceVectors& given, at::Device device);    ///< bool [rows]

}  // namespace tamis::borrowed
