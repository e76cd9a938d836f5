// tamis/late_interaction/device_maxsim.hpp: MaxSim on a GPU, of vectors in its memory or the
// host's.
//
//   const tamis::DeviceVectors query{.vectors = {.data = q, .rows = 32, .width = 128}};
//   const std::vector<tamis::DeviceVectors> pages = ...;
//   std::vector<float> scores = tamis::device_maxsim(query, pages, {.device = "cuda"});
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tamis/cancel.hpp>
#include <tamis/late_interaction/multi_vector.hpp>

namespace tamis {

struct DeviceVectors {
  TokenVectors vectors;
  bool on_device = false;  ///< data, scales and mask are memory of the device, else of the host
};

struct DeviceMaxSimOptions {
  std::string device = "cuda";  ///< "cpu", "cuda" or "cuda:1"
  /// Of documents, in one product; more only where one document has more. 0: what suits the device.
  std::size_t max_rows = 0;
  /// Called in the caller's thread before each product with documents done and their total; may
  /// throw to stop.
  std::function<void(std::size_t, std::size_t)> progress;
  std::optional<CancelToken> cancel;
};

/// As `maxsim`, computed by ATen on the caller's current stream, which is waited for. Elements of
/// all types become fp32, which is exact; products and sums are in fp32, never TF32. A score may
/// differ in its last bits with the company it keeps, since torch picks its kernels by size. On a
/// GPU that runs out of memory the half is tried, down to one document.
/// Throws InvalidArgument as `maxsim` does, DeviceError, Cancelled.
[[nodiscard]] std::vector<float> device_maxsim(const DeviceVectors& query,
                                               std::span<const DeviceVectors> documents,
                                               const DeviceMaxSimOptions& options = {});

}  // namespace tamis
