// bindings/python_error.hpp: what a stage written in Python raised, on its way through C++.
#pragma once

#include <cstddef>
#include <functional>
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

/// Ctrl-C and the like: the run ends, whatever the stage's options say.
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

/// Whether this is the main thread. Takes the GIL the first time that a thread asks, and never
/// again: who forks may hold it while the thread is waited for.
bool gets_signals();

/// Throws for Ctrl-C and the like. Takes the GIL where the thread gets signals.
void check_signals();

/// Called every now and then in the calling thread: Ctrl-C first, which is thrown as it is, then
/// `progress`, unless it is None.
std::function<void(std::size_t, std::size_t)> watcher(const pybind11::object& progress);
