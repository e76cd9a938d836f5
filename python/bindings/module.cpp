// bindings/module.cpp: the module tamis._native. It links no torch.
#include <tamis/version.hpp>

#include "bindings.hpp"
#include "without_gil.hpp"

PYBIND11_MODULE(_native, module) {
  module.doc() = "Tokenizers, the CPU engine and CrossEncoder; see the package tamis.";
  module.attr("version") = TAMIS_VERSION;
  without_gil::watch_the_end(module);
  bind_errors(module);
  bind_tokenizer(module);
  bind_scorer(module);
  bind_cross_encoder(module);
  bind_late_interaction(module);
  bind_multi_vector(module);
  bind_stage(module);
  bind_cascade(module);
}
