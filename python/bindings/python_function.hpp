// bindings/python_function.hpp: a Python function for C++ to call.
#pragma once

#include <memory>
#include <utility>

#include <pybind11/pybind11.h>

#include "python_error.hpp"

/// A Python function that C++ may copy and destroy without the GIL.
class PythonFunction {
 public:
  explicit PythonFunction(pybind11::function function)
      : function_(new pybind11::function(std::move(function)), [](const pybind11::function* own) {
          const pybind11::gil_scoped_acquire gil;
          delete own;
        }) {}

  /// Takes the GIL while `use` makes of the result what needs none.
  template <typename Use>
  auto call(const Use& use) const {
    const pybind11::gil_scoped_acquire gil;
    try {
      return use(*function_);
    } catch (pybind11::error_already_set& error) {
      rethrow(error);
    }
  }

 private:
  std::shared_ptr<const pybind11::function> function_;
};
