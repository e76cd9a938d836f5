// Equal pairs are scored once; groups bound what is in memory.
#include "cross_encoder/unique_pairs.hpp"

#include <string>

#include "support/catch.hpp"

using tamis::TextPair;

TEST_CASE("equal pairs share one entry and the longest comes first", "[cross_encoder]") {
  const std::string copy = "short";  // equal text at another address
  const std::vector<TextPair> pairs{{"q", "short"}, {"q", "much longer"}, {"q", copy}, {"r", copy}};
  const auto unique = tamis::unique_pairs(pairs);
  REQUIRE(unique.pairs.size() == 3);
  CHECK(unique.pairs[0].document == "much longer");
  CHECK(unique.index_of[0] == unique.index_of[2]);
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    CHECK(unique.pairs[unique.index_of[i]].query == pairs[i].query);
    CHECK(unique.pairs[unique.index_of[i]].document == pairs[i].document);
  }
}

TEST_CASE("query and document are not mistaken for each other", "[cross_encoder]") {
  const std::vector<TextPair> pairs{{"a", "b"}, {"b", "a"}, {"ab", ""}, {"", "ab"}};
  CHECK(tamis::unique_pairs(pairs).pairs.size() == 4);
}

TEST_CASE("groups end by pairs or by bytes, and a huge pair stands alone", "[cross_encoder]") {
  const std::string big(100, 'x');
  const std::vector<TextPair> pairs{{"q", big}, {"q", "a"}, {"q", "b"}, {"q", "c"}};
  CHECK(tamis::group_ends(pairs, 2, 50) == std::vector<std::size_t>{1, 3, 4});
  CHECK(tamis::group_ends(pairs, 100, 1000) == std::vector<std::size_t>{4});
  CHECK(tamis::group_ends(std::vector<TextPair>{}, 2, 50).empty());
}
