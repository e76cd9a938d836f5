// score/torch/guard.cpp: c10::Error and TorchScript's errors -> ModelError, DeviceError.
#include "score/torch/guard.hpp"

#include <exception>
#include <string_view>

#include <c10/util/Exception.h>

#include <tamis/error.hpp>

namespace tamis {
namespace {

/// An exception inside TorchScript arrives with the program's stack; the reason is its last line.
std::string reason_of(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  constexpr std::string_view kStack = "The following operation failed in the TorchScript interp";
  if (text.starts_with(kStack)) {
    text.remove_prefix(text.rfind('\n') + 1);
  } else {
    text = text.substr(0, text.find('\n'));
  }
  return std::string(text);
}

[[noreturn]] void rethrow(const std::string& what, std::string_view text) {
  const std::string message = what + ": " + reason_of(text);
  // By its text: TorchScript's interpreter rethrows everything as a runtime_error.
  if (text.find("CUDA out of memory") != std::string_view::npos) throw OutOfDeviceMemory(message);
  if (text.find("CUDA") != std::string_view::npos) throw DeviceError(message);
  throw ModelError(message);
}

}  // namespace

void guard(const std::string& what, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    rethrow(what, error.what_without_backtrace());
  } catch (const std::exception& error) {  // torch::jit::JITException and the like
    rethrow(what, error.what());
  }
}

}  // namespace tamis
