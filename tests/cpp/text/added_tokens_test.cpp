// Tokens found in the text itself.
#include "text/added_tokens.hpp"

#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using List = std::vector<tamis::AddedToken>;

// "plain|<id>|plain"
std::string split(const tamis::AddedTokens& tokens, std::string_view text) {
  std::string out;
  tokens.split(
      text, [&](std::size_t begin, std::size_t end) { out += text.substr(begin, end - begin); },
      [&](std::size_t begin, std::size_t end, tamis::TokenId id) {
        out += '<' + std::to_string(id) + ':' + std::to_string(end - begin) + '>';
      });
  return out;
}

}  // namespace

TEST_CASE("no added tokens leave the text whole", "[text]") {
  CHECK(split(tamis::AddedTokens(), "a [SEP] b") == "a [SEP] b");
}

TEST_CASE("the longest token from the left wins", "[text]") {
  const tamis::AddedTokens tokens(
      List{{.content = "ab", .id = 1}, {.content = "abc", .id = 2}, {.content = "bcd", .id = 3}});
  CHECK(split(tokens, "xabcdx") == "x<2:3>dx");
  CHECK(split(tokens, "abab") == "<1:2><1:2>");
  CHECK(split(tokens, "a") == "a");
}

TEST_CASE("tokens take the white space they ask for", "[text]") {
  const tamis::AddedTokens tokens(List{{.content = "<l>", .id = 1, .strip_left = true},
                                       {.content = "<r>", .id = 2, .strip_right = true}});
  CHECK(split(tokens, "a \t<l> b") == "a<1:5> b");
  CHECK(split(tokens, "a <r>\xE3\x80\x80 b") == "a <2:7>b");
  CHECK(split(tokens, "<r> <l>") == "<2:4><1:3>");
}

TEST_CASE("single_word tokens do not touch letters", "[text]") {
  const tamis::AddedTokens tokens(List{{.content = "ab", .id = 1, .single_word = true}});
  CHECK(split(tokens, "ab cab (ab) ab_ ab.") == "<1:2> cab (<1:2>) ab_ <1:2>.");
}
