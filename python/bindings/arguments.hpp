// bindings/arguments.hpp: what Python callers hand over, refused in words where it does not fit.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include <pybind11/pybind11.h>
#include <pybind11/stl/filesystem.h>

#include <tamis/error.hpp>

[[noreturn]] inline void refuse(const char* name, const char* kind, const pybind11::handle& value) {
  const bool plain = value.is_none() || PyNumber_Check(value.ptr()) != 0;
  tamis::raise<tamis::InvalidArgument>("{} must be {}, got {}", name, kind,
                                       plain ? pybind11::cast<std::string>(pybind11::repr(value))
                                             : std::string(Py_TYPE(value.ptr())->tp_name));
}

/// Any integer of Python's or NumPy's, from 0 up. Throws InvalidArgument, which names it.
inline std::size_t count_of(const pybind11::handle& value, const char* name) {
  if (PyBool_Check(value.ptr()) == 0 && PyIndex_Check(value.ptr()) != 0) {
    const auto whole = pybind11::reinterpret_steal<pybind11::object>(PyNumber_Index(value.ptr()));
    const std::size_t count = whole ? PyLong_AsSize_t(whole.ptr()) : 0;
    if (PyErr_Occurred() == nullptr) return count;
    PyErr_Clear();
  }
  refuse(name, "a whole number from 0 to 2**64 - 1", value);
}

/// Nothing for None.
inline std::optional<std::size_t> optional_count_of(const pybind11::handle& value,
                                                    const char* name) {
  if (value.is_none()) return std::nullopt;
  return count_of(value, name);
}

/// Throws InvalidArgument for what is no str, bytes or os.PathLike.
inline std::filesystem::path path_of(const pybind11::handle& value, const char* name) {
  pybind11::detail::make_caster<std::filesystem::path> caster;
  if (!caster.load(value, true)) refuse(name, "a path", value);
  return pybind11::detail::cast_op<std::filesystem::path&&>(std::move(caster));
}

/// Throws InvalidArgument for what is no list, tuple or other iterable, and for one text.
inline pybind11::list list_of(const pybind11::handle& value, const char* name) {
  const bool text = PyUnicode_Check(value.ptr()) != 0 || PyBytes_Check(value.ptr()) != 0;
  if (text || !pybind11::isinstance<pybind11::iterable>(value)) refuse(name, "a list", value);
  return pybind11::list(pybind11::reinterpret_borrow<pybind11::object>(value));
}
