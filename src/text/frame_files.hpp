// text/frame_files.hpp: a tokenizer's special tokens and limits from its files.
#pragma once

#include <string>
#include <vector>

#include "text/text_frame.hpp"
#include "text/tokenizer_files.hpp"

namespace tamis {

/// What a kind of model has where its files say nothing.
struct FrameDefaults {
  enum class Pair {
    roberta,  ///< begin q end end d end; all types 0
    bert,     ///< begin q end d end; types 0 and 1
    t5,       ///< q end d end; all types 0
    mbart,    ///< q d end language; all types 0
    bare,     ///< q d; all types 0
  };
  Pair pair = Pair::roberta;
  std::string begin = "<s>";
  std::string end = "</s>";
  std::string pad = "<pad>";
  std::string unknown = "<unk>";
  std::string mask = "<mask>";
  std::string language{};  ///< of Pair::mbart
  bool strip_before_mask = false;
  std::vector<std::string> special{};  ///< more special tokens
  /// Whether transformers 5 builds the class itself, which adds these tokens to those that a
  /// tokenizer.json states. Without one it always does.
  bool of_class = false;
};

/// Fills in all but the normalizer, which is there before; `vocab[id]` is a piece.
void finish_frame(TextFrame& frame, const TokenizerFiles& files,
                  const std::vector<std::string>& vocab, const FrameDefaults& defaults);

}  // namespace tamis
