// The trie against a map, over words that share prefixes.
#include "text/byte_trie.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using tamis::ByteTrie;
using Entries = std::vector<std::pair<std::string_view, std::int32_t>>;

TEST_CASE("an empty trie finds nothing", "[text]") {
  CHECK(ByteTrie().find("a") == ByteTrie::kNoValue);
  CHECK(ByteTrie(Entries{}).find("") == ByteTrie::kNoValue);
}

TEST_CASE("a trie finds what a map finds", "[text]") {
  std::mt19937 random(3);
  std::map<std::string, std::int32_t> map;
  for (std::int32_t i = 0; i < 5000; ++i) {
    std::string key(1 + random() % 6, '\0');
    for (char& byte : key) byte = static_cast<char>(random() % 2 ? 'a' + random() % 4 : random());
    map[key] = i;
  }
  const ByteTrie trie(Entries(map.begin(), map.end()));
  for (const auto& [key, value] : map) {
    REQUIRE(trie.find(key) == value);
    const std::string longer = key + 'b';
    REQUIRE(trie.find(longer) == (map.count(longer) ? map[longer] : ByteTrie::kNoValue));
    const std::string shorter = key.substr(1);
    REQUIRE(trie.find(shorter) == (map.count(shorter) ? map[shorter] : ByteTrie::kNoValue));
  }
}

TEST_CASE("of equal keys the last one counts", "[text]") {
  const std::string key = "same";
  CHECK(ByteTrie(Entries{{key, 1}, {"other", 2}, {key, 3}}).find(key) == 3);
}
