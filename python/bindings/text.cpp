// bindings/text.cpp
#include "text.hpp"

#include <pybind11/pybind11.h>

#include <tamis/error.hpp>

#include "gil_pauses.hpp"

namespace py = pybind11;

namespace {

// "\xed\xa0\x80".."\xed\xbf\xbf" are the surrogates as Python's surrogatepass writes them.
std::string replace_surrogates(PyObject* text) {
  const auto bytes =
      py::reinterpret_steal<py::bytes>(PyUnicode_AsEncodedString(text, "utf-8", "surrogatepass"));
  if (!bytes) throw py::error_already_set();
  std::string utf8 = bytes;
  for (std::size_t i = 0; i + 2 < utf8.size(); ++i) {
    const auto lead = static_cast<unsigned char>(utf8[i]);
    const auto next = static_cast<unsigned char>(utf8[i + 1]);
    if (lead == 0xED && next >= 0xA0) utf8.replace(i, 3, "\xEF\xBF\xBD");
  }
  return utf8;
}

}  // namespace

Utf8Texts::Utf8Texts(const py::list& texts, const char* what) {
  held_ = py::list(py::reinterpret_steal<py::list>(
      PyList_GetSlice(texts.ptr(), 0, static_cast<Py_ssize_t>(texts.size()))));
  views_.reserve(held_.size());
  replaced_.reserve(held_.size());  // never reallocated: views_ points into it
  GilPauses pause;
  for (std::size_t i = 0; i < held_.size(); ++i) {
    pause();
    const py::object item = held_[i];
    if (PyUnicode_Check(item.ptr()) == 0) {
      tamis::raise<tamis::InvalidArgument>("{} {} is of type {}; it must be a str", what, i,
                                           Py_TYPE(item.ptr())->tp_name);
    }
    Py_ssize_t size = 0;
    const char* utf8 = PyUnicode_AsUTF8AndSize(item.ptr(), &size);
    if (utf8 != nullptr) {
      views_.emplace_back(utf8, static_cast<std::size_t>(size));
      continue;
    }
    PyErr_Clear();
    views_.emplace_back(replaced_.emplace_back(replace_surrogates(item.ptr())));
  }
}

std::size_t characters_before(std::string_view text, std::size_t bytes) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < bytes && i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}
