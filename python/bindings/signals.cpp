// bindings/signals.cpp
#include "signals.hpp"

#include <unistd.h>

#include "python_error.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

/// Signals are the main thread's; in a child of fork that is the thread that forked.
bool is_main_thread() {
  const py::object main = py::module_::import("threading").attr("main_thread")();
  return py::cast<unsigned long>(main.attr("ident")) == PyThread_get_thread_ident();
}

bool gets_signals() {
  thread_local pid_t known_in = 0;  // the process in which `is_main` is known
  thread_local bool is_main = true;
  const pid_t process = ::getpid();
  if (known_in != process) {
    const py::gil_scoped_acquire gil;
    is_main = is_main_thread();
    known_in = process;
  }
  return is_main;
}

}  // namespace

void check_signals() {
  without_gil::inside()->pause();
  if (!gets_signals()) return;
  const py::gil_scoped_acquire gil;
  // Whatever a handler raised is no failure of the stage that ran.
  if (PyErr_CheckSignals() != 0) throw Interrupted(py::error_already_set());
}

std::function<void(std::size_t, std::size_t)> watcher(const py::object& progress) {
  return [progress](std::size_t done, std::size_t total) {
    without_gil::inside()->pause();
    if (progress.is_none() && !gets_signals()) return;
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    if (!progress.is_none()) progress(done, total);
  };
}
