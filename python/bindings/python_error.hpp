// bindings/python_error.hpp: what a stage written in Python raised, on its way through C++.
#pragma once

#include <stdexcept>
#include <string>

#include <pybind11/pybind11.h>

#include <tamis/error.hpp>

/// An Exception: the stage failed.
class PythonError : public std::runtime_error {
 public:
  PythonError(const std::string& message, pybind11::error_already_set error)
      : std::runtime_error(message), error_(std::move(error)) {}
  [[nodiscard]] const pybind11::error_already_set& error() const noexcept { return error_; }

 private:
  pybind11::error_already_set error_;
};

/// Ctrl-C and the like, and what a signal handler raised: the run ends, whatever the stage's
/// options say.
class Interrupted : public tamis::Cancelled {
 public:
  explicit Interrupted(pybind11::error_already_set error)
      : Cancelled("interrupted"), error_(std::move(error)) {}
  [[nodiscard]] const pybind11::error_already_set& error() const noexcept { return error_; }

 private:
  pybind11::error_already_set error_;
};

/// Throws `error` as one of them, or as tamis::Cancelled. Needs the GIL.
[[noreturn]] void rethrow(pybind11::error_already_set& error);
