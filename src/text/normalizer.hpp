// text/normalizer.hpp: the steps that a text goes through before it is split.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/charsmap.hpp"
#include "text/normalized_text.hpp"

namespace tamis {

struct NormalizerStep {
  enum class Kind : std::uint8_t {
    charsmap,              ///< sentencepiece's own map
    replace,               ///< every `pattern` by `content`
    collapse_spaces,       ///< two or more spaces by `content`
    collapse_white_space,  ///< two or more of any kind, and one that ends a line or a cell, by
                           ///< `content`
    decompose,             ///< NFKD
    decompose_canonical,   ///< NFD
    compose,               ///< NFKC
    compose_canonical,     ///< NFC
    strip_accents,         ///< drops combining marks
    strip_nonspacing,      ///< drops those that take no space
    lowercase,
    clean,          ///< drops controls, makes every white space a space
    space_chinese,  ///< a space before and after
    trim_left,      ///< drops white space
    trim_right,     ///< drops white space
  };
  Kind kind = Kind::charsmap;
  std::string pattern;
  std::string content;
};

class Normalizer {
 public:
  Normalizer() = default;
  Normalizer(std::vector<NormalizerStep> steps, std::string_view charsmap)
      : steps_(std::move(steps)), charsmap_(charsmap) {}

  template <bool kSpans>
  [[nodiscard]] NormalizedText operator()(NormalizedText text) const;

 private:
  std::vector<NormalizerStep> steps_;
  Charsmap charsmap_;
};

}  // namespace tamis
