// score/torch/guard.hpp: the one place where torch's exceptions become ours (private).
#pragma once

#include <functional>
#include <string>

namespace tamis {

/// Runs `work`. What torch throws comes out as a DeviceError when it speaks of CUDA, else as a
/// ModelError: `what` ("cannot load bundles/x/model.pt"), a colon, torch's own first line. Running
/// out of GPU memory passes as it is: the scorer answers it by asking for less.
void guard(const std::string& what, const std::function<void()>& work);

}  // namespace tamis
