// score/torch/guard.hpp: the one place where torch's exceptions become ours (private).
#pragma once

#include <functional>
#include <string>

#include <tamis/error.hpp>

namespace tamis {

/// The GPU's memory did not suffice; the scorer answers it by asking for less.
class OutOfDeviceMemory : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

/// Runs `work`. What torch throws comes out as OutOfDeviceMemory, as a DeviceError when it speaks
/// of CUDA, else as a ModelError: `what` ("cannot load bundles/x/model.pt"), a colon, torch's own
/// reason in one line.
void guard(const std::string& what, const std::function<void()>& work);

}  // namespace tamis
