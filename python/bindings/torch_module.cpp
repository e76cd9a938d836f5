// bindings/torch_module.cpp: the module `_torch`. It hands TorchScript scorers to `_native` as
// plain C data in a capsule. pybind11 here is the build's own and not torch's copy: tensors cross
// by address.
#include <exception>
#include <memory>
#include <string>

#include <pybind11/pybind11.h>

#include <tamis/error.hpp>
#include <tamis/score/scorer_abi.hpp>
#include <tamis/score/torchscript_scorer.hpp>

#include "torch_bindings.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

constexpr const char* kCapsule = "tamis.ScorerAbi";

/// The exception types live in `_native`, which this module shares no symbols with.
void translate(std::exception_ptr pointer) {
  if (!pointer) return;
  const auto set = [](const char* name, const std::exception& error) {
    const py::object type = py::module_::import("tamis._native").attr(name);
    PyErr_SetString(type.ptr(), error.what());
  };
  try {
    std::rethrow_exception(pointer);
  } catch (const tamis::InvalidArgument& error) {
    set("InvalidArgument", error);
  } catch (const tamis::ModelError& error) {
    set("ModelError", error);
  } catch (const tamis::DeviceError& error) {
    set("DeviceError", error);
  } catch (const tamis::Error& error) {
    set("Error", error);
  }
}

void destroy(PyObject* capsule) {
  auto* abi = static_cast<tamis::ScorerAbi*>(PyCapsule_GetPointer(capsule, kCapsule));
  abi->release(abi->context);
  delete abi;
}

py::object load_torchscript(const std::string& bundle, const std::string& device,
                            const std::string& precision, std::size_t max_tokens,
                            bool verify_hashes) {
  auto abi = std::make_unique<tamis::ScorerAbi>();
  {
    const WithoutGil unlocked;
    *abi = tamis::make_scorer_abi(
        tamis::TorchScriptScorer::load(bundle, {.device = device,
                                                .precision = precision,
                                                .max_tokens = max_tokens,
                                                .verify_hashes = verify_hashes}));
  }
  PyObject* capsule = PyCapsule_New(abi.get(), kCapsule, destroy);
  if (capsule == nullptr) {
    abi->release(abi->context);
    throw py::error_already_set();
  }
  abi.release();
  return py::reinterpret_steal<py::object>(capsule);
}

}  // namespace

PYBIND11_MODULE(_torch, module) {
  module.doc() =
      "TorchScript scorers and MaxSim; linked to pip's libtorch. Load it through "
      "tamis._torch_loader.";
  without_gil::share_the_watch();
  py::register_local_exception_translator(translate);
  tamis::register_torch_operators();
  module.def("load_torchscript", &load_torchscript, py::arg("bundle"), py::kw_only(),
             py::arg("device") = "cpu", py::arg("precision") = "fp32", py::arg("max_tokens") = 0,
             py::arg("verify_hashes") = true,
             R"(A capsule "tamis.ScorerAbi" that scores with a bundle's TorchScript program.

Args:
    bundle: folder that `tamis export` wrote.
    device: "cpu", "cuda" or "cuda:1".
    precision: "fp32", "fp16" or "bf16".
    max_tokens: tokens per call of the program; 0: what suits the device.
    verify_hashes: compare the files with the manifest's hashes first.)");
  module.def("cuda_device_count", &tamis::cuda_device_count,
             "CUDA devices that torch can use in this process.");
  bind_maxsim(module);
}
