// bindings/tokenizer.cpp: class Tokenizer.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <tamis/error.hpp>
#include <tamis/text/load_tokenizer.hpp>
#include <tamis/text/pair_encoder.hpp>

#include "arguments.hpp"
#include "bindings.hpp"
#include "parallel/parallel_for.hpp"
#include "text.hpp"
#include "without_gil.hpp"

namespace py = pybind11;

namespace {

template <typename T>
py::array_t<T> to_array(const std::vector<T>& values) {
  return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

tamis::Truncation truncation_from(const std::string& name) {
  if (name == "longest_first") return tamis::Truncation::longest_first;
  if (name == "only_second") return tamis::Truncation::only_second;
  if (name == "only_first") return tamis::Truncation::only_first;
  tamis::raise<tamis::InvalidArgument>(
      "truncation is '{}'; it must be 'longest_first', 'only_second' or 'only_first'", name);
}

Utf8Texts one_text(const py::object& text, const char* what) {
  py::list texts;
  texts.append(text);
  return Utf8Texts(texts, what);
}

// Byte spans of a text as character spans. A span's end is never before the next one's begin by
// more than a few characters, so counting goes on from the last place.
py::array_t<std::uint32_t> character_spans(std::string_view text,
                                           const std::vector<tamis::Span>& spans) {
  std::vector<std::uint32_t> starts(text.size() + 1);
  std::uint32_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    starts[i] = characters;
    if (i + 1 == text.size() || (static_cast<unsigned char>(text[i + 1]) & 0xC0U) != 0x80U) {
      ++characters;
    }
  }
  starts[text.size()] = characters;
  py::array_t<std::uint32_t> result({static_cast<py::ssize_t>(spans.size()), py::ssize_t{2}});
  auto view = result.mutable_unchecked<2>();
  for (std::size_t i = 0; i < spans.size(); ++i) {
    view(static_cast<py::ssize_t>(i), 0) = starts[spans[i].begin];
    view(static_cast<py::ssize_t>(i), 1) = starts[spans[i].end];
  }
  return result;
}

py::tuple tokenize(const tamis::AnyTokenizer& tokenizer, const py::object& text, bool with_spans) {
  const Utf8Texts texts = one_text(text, "text");
  tamis::Tokens tokens;
  {
    const WithoutGil release;
    tokens = tokenizer.tokenize(texts[0], with_spans);
  }
  py::object spans = py::none();
  if (with_spans) spans = character_spans(texts[0], tokens.spans);
  return py::make_tuple(to_array(tokens.ids), spans);
}

py::list encode_batch(const tamis::AnyTokenizer& tokenizer, const py::object& given) {
  const Utf8Texts texts(list_of(given, "texts"), "text");
  std::vector<std::vector<tamis::TokenId>> ids(texts.size());
  {
    // Ranges of texts, because one text is a small piece of work.
    constexpr std::size_t kRange = 32;
    const WithoutGil release;
    tamis::parallel_for((texts.size() + kRange - 1) / kRange, [&](std::size_t range) {
      const std::size_t end = std::min(texts.size(), (range + 1) * kRange);
      for (std::size_t i = range * kRange; i < end; ++i) ids[i] = tokenizer.tokenize(texts[i]).ids;
    });
  }
  py::list result;
  for (const auto& one : ids) result.append(to_array(one));
  return result;
}

py::dict encode_pair(const tamis::AnyTokenizer& tokenizer, const py::object& query,
                     const py::object& document, const py::object& max_length,
                     const py::object& truncation, const py::object& max_query_tokens,
                     const py::object& max_document_tokens) {
  const Utf8Texts way = one_text(truncation, "truncation");
  const Utf8Texts first = one_text(query, "query");
  const Utf8Texts second = one_text(document, "document");
  const tamis::PairLimits limits{count_of(max_length, "max_length"),
                                 optional_count_of(max_query_tokens, "max_query_tokens"),
                                 optional_count_of(max_document_tokens, "max_document_tokens"),
                                 truncation_from(std::string(way[0]))};
  tamis::EncodedPair pair;
  {
    const WithoutGil release;
    pair = tamis::encode_pair(tokenizer.pair_template(), tokenizer.tokenize(first[0]).ids,
                              tokenizer.tokenize(second[0]).ids, limits);
  }
  py::dict result;
  result["ids"] = to_array(pair.ids);
  result["type_ids"] = to_array(pair.type_ids);
  result["query_tokens_cut"] = pair.query_tokens_cut;
  result["document_tokens_cut"] = pair.document_tokens_cut;
  return result;
}

}  // namespace

void bind_tokenizer(py::module_& module) {
  using tamis::AnyTokenizer;
  py::class_<AnyTokenizer>(module, "Tokenizer", "A tokenizer of a Hugging Face folder.")
      .def_static(
          "load",
          [](const py::object& folder) { return tamis::load_tokenizer(path_of(folder, "folder")); },
          py::arg("folder"))
      .def("tokenize", &tokenize, py::arg("text"), py::arg("with_spans") = false,
           "(ids, spans): spans are (begin, end) in characters, or None when not asked for. No "
           "special tokens are added.")
      .def("encode_batch", &encode_batch, py::arg("texts"),
           "The ids of each text, without special tokens.")
      .def("encode_pair", &encode_pair, py::arg("query"), py::arg("document"),
           py::arg("max_length") = 512, py::arg("truncation") = "longest_first",
           py::arg("max_query_tokens") = py::none(), py::arg("max_document_tokens") = py::none(),
           "A dict of ids, type_ids, query_tokens_cut and document_tokens_cut.")
      .def_property_readonly("max_length",
                             [](const AnyTokenizer& self) -> py::object {
                               if (self.max_length() == tamis::kNoLimit) return py::none();
                               return py::int_(self.max_length());
                             })
      .def_property_readonly("vocab_size", &AnyTokenizer::vocab_size)
      .def_property_readonly("pad_id", &AnyTokenizer::pad_id);
}
