// bindings/count.hpp: whole numbers of Python, refused in words where they do not fit.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include <pybind11/pybind11.h>

#include <tamis/error.hpp>

/// Any integer of Python's or NumPy's, from 0 up. Throws InvalidArgument, which names it.
inline std::size_t count_of(const pybind11::handle& value, const char* name) {
  if (PyBool_Check(value.ptr()) == 0 && PyIndex_Check(value.ptr()) != 0) {
    const auto whole = pybind11::reinterpret_steal<pybind11::object>(PyNumber_Index(value.ptr()));
    if (!whole) throw pybind11::error_already_set();
    const std::size_t count = PyLong_AsSize_t(whole.ptr());
    if (PyErr_Occurred() == nullptr) return count;
    PyErr_Clear();
  }
  tamis::raise<tamis::InvalidArgument>("{} must be a whole number from 0 to 2**64 - 1, got {}",
                                       name, pybind11::cast<std::string>(pybind11::repr(value)));
}

/// Nothing for None.
inline std::optional<std::size_t> optional_count_of(const pybind11::handle& value,
                                                    const char* name) {
  if (value.is_none()) return std::nullopt;
  return count_of(value, name);
}
