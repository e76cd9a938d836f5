// text/sentencepiece_model.hpp: what a sentencepiece .model file says.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tamis {

struct SentencepieceModel {
  enum class Kind { unigram = 1, bpe = 2, word = 3, character = 4 };
  Kind kind = Kind::unigram;
  std::vector<std::pair<std::string, double>> pieces;  ///< piece and score, in order of id
  std::vector<std::string>
      special;  ///< control and user-defined pieces, matched in the text itself
  int unknown = 0;
  bool byte_fallback = false;
  std::string charsmap;  ///< the precompiled normalisation
};

/// Reads the protocol buffer. Throws TokenizerError, naming `source`, for what is none.
[[nodiscard]] SentencepieceModel read_sentencepiece_model(std::string_view bytes,
                                                          std::string_view source);

}  // namespace tamis
