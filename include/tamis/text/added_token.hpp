// tamis/text/added_token.hpp: a token that is found in the text itself, such as "[MASK]".
#pragma once

#include <string>

#include <tamis/text/tokens.hpp>

namespace tamis {

struct AddedToken {
  std::string content;
  TokenId id = 0;
  bool single_word = false;  ///< only where no letter, digit or underscore touches it
  bool strip_left = false;   ///< takes the white space before it
  bool strip_right = false;  ///< takes the white space after it
  bool normalized = false;   ///< looked for in the normalised text
};

}  // namespace tamis
