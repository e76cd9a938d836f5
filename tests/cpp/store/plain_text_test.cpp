#include "store/plain_text.hpp"

#include <tamis/error.hpp>

#include "store/hostile_queries.hpp"
#include "store/identifier.hpp"
#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::store::beginning_of;
using tamis::store::identifier;
using tamis::store::plain_text;
using tamis::store::quoted_words;
using tamis::store::words_of;
using Words = std::vector<std::string>;

TEST_CASE("words are letters and digits, each once") {
  CHECK(words_of("What's new in state-of-the-art C++17?") ==
        Words{"What", "s", "new", "in", "state", "of", "the", "art", "C", "17"});
  CHECK(words_of("Stra\xc3\x9f"
                 "e \xc2\xab"
                 "M\xc3\xbcnchen\xc2\xbb \xe6\x9d\xb1\xe4\xba\xac\xe3\x80\x82") ==
        Words{"Stra\xc3\x9f"
              "e",
              "M\xc3\xbcnchen", "\xe6\x9d\xb1\xe4\xba\xac"});
  CHECK(words_of("a b a") == Words{"a", "b"});
  CHECK(words_of("").empty());
}

TEST_CASE("words are few and short, whatever the query") {
  std::string many;
  for (int i = 0; i < 1000; ++i) many += " w" + std::to_string(i);
  const Words words = words_of(many);
  REQUIRE(words.size() == 256);
  CHECK(words.back() == "w255");
  CHECK(words_of("a " + std::string(201, 'x') + " b") == Words{"a", "b"});
  CHECK(words_of(std::string(200, 'x')).size() == 1);
}

TEST_CASE("no word of a hostile query holds a quote or an operator") {
  for (const std::string& query : test::hostile_queries()) {
    const Words words = words_of(plain_text(query));
    CHECK(std::find(words.begin(), words.end(), "berlin") != words.end());
    for (const std::string& word : words) {
      CHECK(word.find_first_of(std::string_view("\"'\\*^():+-{}&|!<>\0", 18)) == std::string::npos);
    }
  }
  CHECK(quoted_words({"a", "OR"}, " OR ") == R"("a" OR "OR")");
}

TEST_CASE("text becomes UTF-8 without NUL") {
  CHECK(plain_text(std::string_view("a\0b", 3)) == "a b");
  CHECK(plain_text("\xff\xc3\xa4\xc3") == "\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd");
  CHECK(beginning_of("a\xc3\xa4", 2) == "a");
  CHECK(beginning_of("a\xc3\xa4", 3) == "a\xc3\xa4");
}

TEST_CASE("identifiers are quoted, or refused") {
  CHECK(identifier("docs", "table") == "\"docs\"");
  CHECK(identifier("a\"; DROP TABLE b; --", "table") == "\"a\"\"; DROP TABLE b; --\"");
  for (const std::string& name : {std::string(), std::string("a\0b", 3), std::string("\xff")}) {
    CHECK(contains(message_of<tamis::InvalidArgument>([&] { (void)identifier(name, "table"); }),
                   "table"));
  }
}
