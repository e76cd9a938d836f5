// bindings/python_error.cpp
#include "python_error.hpp"

#include <exception>
#include <string>

namespace py = pybind11;

namespace {

/// The message of any exception: its own __str__ may raise, or hold what is no UTF-8.
std::string said_by(const py::object& error) {
  try {
    return py::cast<std::string>(py::str(error));
  } catch (const std::exception&) {
    return "(its message cannot be read)";
  }
}

/// A task of the function's own was cancelled: not the run, which has a token for that.
bool is_of_a_task(const py::error_already_set& error) {
  const py::dict modules = py::module_::import("sys").attr("modules");
  return modules.contains("asyncio") && error.matches(modules["asyncio"].attr("CancelledError"));
}

}  // namespace

void rethrow(py::error_already_set& error) {
  const py::object cancelled = py::module_::import("tamis._native").attr("Cancelled");
  if (error.matches(cancelled)) throw tamis::Cancelled("a stage was cancelled");
  if (!error.matches(PyExc_Exception) && !is_of_a_task(error)) throw Interrupted(error);
  const auto type = py::cast<std::string>(error.type().attr("__name__"));
  const std::string said = said_by(error.value());
  throw PythonError(said.empty() ? type : type + ": " + said, error);
}
