// bindings/errors.cpp: C++ exceptions as Python ones, mapped in this one place.
#include <exception>
#include <string>
#include <string_view>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <tamis/error.hpp>
#include <tamis/remote/error.hpp>
#include <tamis/store/error.hpp>

#include "bindings.hpp"
#include "python_error.hpp"

namespace py = pybind11;

namespace {

// Owned by the interpreter for as long as the module lives.
struct Types {
  PyObject* error = nullptr;
  PyObject* invalid_argument = nullptr;
  PyObject* truncation = nullptr;
  PyObject* tokenizer = nullptr;
  PyObject* model = nullptr;
  PyObject* device = nullptr;
  PyObject* non_finite = nullptr;
  PyObject* remote = nullptr;
  PyObject* retrieval = nullptr;
  PyObject* stage = nullptr;
  PyObject* cancelled = nullptr;
};
Types types;

PyObject* add(py::module_& module, const char* name, const char* doc, const py::tuple& bases) {
  const std::string path = std::string("tamis._native.") + name;
  PyObject* type = PyErr_NewExceptionWithDoc(path.c_str(), doc, bases.ptr(), nullptr);
  if (type == nullptr) throw py::error_already_set();
  module.attr(name) = py::handle(type);
  return type;
}

py::tuple bases(PyObject* own, PyObject* builtin) {
  return py::make_tuple(py::handle(own), py::handle(builtin));
}

/// A message with the bytes of a path, which need not be UTF-8: as Python writes such paths.
py::object text_of(const std::exception& error) {
  const std::string_view what = error.what();
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeUTF8(what.data(), static_cast<Py_ssize_t>(what.size()), "surrogateescape"));
}

void set(PyObject* type, const std::exception& error) {
  if (const py::object text = text_of(error)) PyErr_SetObject(type, text.ptr());
}

void set_non_finite(const tamis::NonFiniteScore& error) {
  py::object value = py::handle(types.non_finite)(text_of(error));
  py::list indices;
  for (const std::size_t index : error.indices()) indices.append(index);
  value.attr("indices") = indices;
  PyErr_SetObject(types.non_finite, value.ptr());
}

void set_remote(const tamis::RemoteError& error) {
  py::object value = py::handle(types.remote)(text_of(error));
  value.attr("status") = error.status();
  value.attr("retry_after_ms") = error.retry_after_ms();
  PyErr_SetObject(types.remote, value.ptr());
}

void translate(std::exception_ptr pointer);

/// As a Python exception; None for what is no exception of ours.
py::object python_exception(const std::exception_ptr& pointer) {
  try {
    translate(pointer);
  } catch (...) {
    PyErr_Clear();
  }
  if (PyErr_Occurred() == nullptr) return py::none();
  const py::error_already_set error;
  if (error.trace()) PyException_SetTraceback(error.value().ptr(), error.trace().ptr());
  return error.value();
}

void set_stage_error(const tamis::StageError& error) {
  py::object value = py::handle(types.stage)(text_of(error));
  value.attr("stage") = error.stage();
  const py::object cause = python_exception(error.cause());
  if (!cause.is_none()) PyException_SetCause(value.ptr(), cause.inc_ref().ptr());
  PyErr_SetObject(types.stage, value.ptr());
}

void restore(py::error_already_set error) { error.restore(); }

void translate(std::exception_ptr pointer) {
  if (!pointer) return;
  try {
    std::rethrow_exception(pointer);
  } catch (const PythonError& error) {
    restore(error.error());
  } catch (const Interrupted& error) {
    restore(error.error());
  } catch (const tamis::StageError& error) {
    set_stage_error(error);
  } catch (const tamis::TruncationError& error) {
    set(types.truncation, error);
  } catch (const tamis::InvalidArgument& error) {
    set(types.invalid_argument, error);
  } catch (const tamis::TokenizerError& error) {
    set(types.tokenizer, error);
  } catch (const tamis::ModelError& error) {
    set(types.model, error);
  } catch (const tamis::DeviceError& error) {
    set(types.device, error);
  } catch (const tamis::RemoteError& error) {
    set_remote(error);
  } catch (const tamis::RetrievalError& error) {
    set(types.retrieval, error);
  } catch (const tamis::NonFiniteScore& error) {
    set_non_finite(error);
  } catch (const tamis::Cancelled& error) {
    set(types.cancelled, error);
  } catch (const tamis::Error& error) {
    set(types.error, error);
  }
}

}  // namespace

void bind_errors(py::module_& module) {
  types.error = add(module, "Error", "The base of all that tamis raises.",
                    py::make_tuple(py::handle(PyExc_Exception)));
  types.invalid_argument = add(module, "InvalidArgument", "An argument cannot be used.",
                               bases(types.error, PyExc_ValueError));
  types.truncation = add(module, "TruncationError", "A pair is longer than the model reads.",
                         py::make_tuple(py::handle(types.invalid_argument)));
  const auto runtime = bases(types.error, PyExc_RuntimeError);
  types.tokenizer =
      add(module, "TokenizerError", "A tokenizer file is missing or broken.", runtime);
  types.model = add(module, "ModelError", "A model cannot be loaded.", runtime);
  types.device = add(module, "DeviceError", "The device does not exist here.", runtime);
  types.non_finite =
      add(module, "NonFiniteScore",
          "The model gave NaN or infinity; `indices` says for which pairs.", runtime);
  types.remote =
      add(module, "RemoteError",
          "A service did not answer as it should; `status` is the response's, or 0.", runtime);
  types.retrieval = add(module, "RetrievalError",
                        "An index or a database cannot be built, opened or asked this.", runtime);
  types.stage =
      add(module, "StageError",
          "A stage that was to raise failed; `stage` is its name, `__cause__` why.", runtime);
  types.cancelled = add(module, "Cancelled", "The work was cancelled.", runtime);
  py::register_exception_translator(translate);
}
