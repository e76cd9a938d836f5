// Queries that are no words only. Each holds the word "berlin", which is to be found all the same.
#pragma once

#include <string>
#include <vector>

namespace test {

inline std::vector<std::string> hostile_queries() {
  using namespace std::string_literals;
  return {
      "berlin\"",
      "\"berlin",
      "'berlin'",
      "berlin'; DROP TABLE docs; --",
      "berlin\") OR 1=1 --",
      "berlin*",
      "^berlin",
      "-berlin",
      "NOT berlin",
      "berlin AND NOT berlin",
      "berlin NEAR(a b, 2)",
      "NEAR(berlin",
      "text:berlin",
      "{text id} : berlin",
      "berlin + ",
      "(berlin",
      "berlin)",
      "berlin OR",
      "AND berlin",
      "berlin\0hidden"s,
      "\0berlin"s,
      "\xff\xfe berlin \xc3",
      "berlin \xed\xa0\x80",
      "\xf0\x9f\x98\x80 berlin \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
      "berlin & ! | <-> :*",
      "berlin:*A",
      "$1 berlin $2 ?1 :a @b",
      "berlin \\ \\' \\\"",
      "berlin%s%n",
      "berlin\r\n\t\v",
      "\xe2\x80\x9c"
      "berlin\xe2\x80\x9d",
      "berlin " + std::string(1U << 20U, 'x'),
      "berlin " + std::string(1U << 20U, '"'),
      [] {
        std::string words = "berlin";
        while (words.size() < (1U << 20U)) words += " w" + std::to_string(words.size());
        return words;
      }(),
  };
}

/// Without a word.
inline std::vector<std::string> wordless_queries() {
  using namespace std::string_literals;
  return {"", " \t\n", "\0"s, "\xff", "\"\"", "***", "\xf0\x9f\x98\x80", "\xe3\x80\x80"};
}

}  // namespace test
