// bindings/torch_bindings.hpp: what `_torch` holds besides its loader of TorchScript.
#pragma once

#include <pybind11/pybind11.h>

void bind_maxsim(pybind11::module_& module);
