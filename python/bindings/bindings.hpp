// bindings/bindings.hpp: one function for each class that is bound.
#pragma once

#include <string>

#include <pybind11/pybind11.h>

void bind_errors(pybind11::module_& module);
void bind_cross_encoder(pybind11::module_& module);
void bind_late_interaction(pybind11::module_& module);
void bind_multi_vector(pybind11::module_& module);
void bind_stage(pybind11::module_& module);
void bind_cascade(pybind11::module_& module);
void bind_tokenizer(pybind11::module_& module);
void bind_scorer(pybind11::module_& module);
