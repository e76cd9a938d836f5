// bindings/documents.hpp: the caller's documents, on their way through a cascade.
#pragma once

#include <cstddef>
#include <vector>

#include <pybind11/pybind11.h>

#include <tamis/cascade/candidate.hpp>

/// What Candidate::document points to.
struct Document {
  pybind11::object object;
  std::size_t index = 0;  ///< in the list that the caller gave, or that was retrieved
};

/// Of tamis.candidates.Read: (documents, texts, ids, scores, marks). Needs the GIL; what it returns
/// may be destroyed without.
std::vector<tamis::Candidate> candidates_from(const pybind11::tuple& read);
