// bindings/python_error.cpp
#include "python_error.hpp"

namespace py = pybind11;

void rethrow(py::error_already_set& error) {
  const py::object cancelled = py::module_::import("tamis._native").attr("Cancelled");
  if (error.matches(cancelled)) throw tamis::Cancelled("a stage was cancelled");
  if (!error.matches(PyExc_Exception)) throw Interrupted(error);
  const auto type = py::cast<std::string>(error.type().attr("__name__"));
  const auto said = py::cast<std::string>(py::str(error.value()));
  throw PythonError(said.empty() ? type : type + ": " + said, error);
}
