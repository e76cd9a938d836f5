// bindings/documents.cpp
#include "documents.hpp"

#include <memory>
#include <string>
#include <utility>

#include "gil_pauses.hpp"
#include "text.hpp"

namespace py = pybind11;

std::vector<tamis::Candidate> candidates_from(const py::tuple& read) {
  const auto documents = read[0].cast<py::list>();
  const Utf8Texts texts(read[1].cast<py::list>(), "candidate");
  const Utf8Texts ids(read[2].cast<py::list>(), "id");
  const auto scores = read[3].cast<py::list>();
  const Utf8Texts marks(read[4].cast<py::list>(), "mark");
  const auto sources = read[5].cast<py::list>();
  // One owner for all: whoever lets go last takes the GIL once.
  const std::shared_ptr<std::vector<Document>> held(new std::vector<Document>(texts.size()),
                                                    [](const std::vector<Document>* own) {
                                                      const py::gil_scoped_acquire gil;
                                                      delete own;
                                                    });
  std::vector<tamis::Candidate> candidates(texts.size());
  GilPauses pause;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    pause();
    (*held)[i] = {documents[i], i};
    candidates[i].id = ids[i];
    candidates[i].text = texts[i];
    if (!scores[i].is_none()) candidates[i].score = scores[i].cast<float>();
    candidates[i].reranked_by = marks[i];
    for (const auto& [name, score] : sources[i].cast<py::dict>()) {
      candidates[i].sources.push_back({name.cast<std::string>(), score.cast<float>()});
    }
    candidates[i].document = std::shared_ptr<const void>(held, &(*held)[i]);
  }
  return candidates;
}
