#include "score/engine/segments.hpp"

#include <random>
#include <vector>

#include <tamis/error.hpp>

#include "score/random_model.hpp"
#include "support/catch.hpp"

using tamis::EncodedPair;
using tamis::PackedBatch;
using tamis::engine::Segments;
using tamis::engine::segments_of;

namespace {

EncodedPair pair_of(const std::vector<tamis::TokenId>& query,
                    const std::vector<tamis::TokenId>& document) {
  EncodedPair pair;
  pair.ids = query;
  pair.ids.insert(pair.ids.end(), document.begin(), document.end());
  pair.type_ids.assign(query.size(), 0);
  pair.type_ids.resize(pair.ids.size(), 1);
  return pair;
}

}  // namespace

TEST_CASE("a text that comes with several others is one") {
  const std::vector<EncodedPair> pairs{pair_of({1, 2}, {3, 4, 5}), pair_of({1, 2}, {6}),
                                       pair_of({7}, {3, 4, 5}), pair_of({7}, {7})};
  const std::vector<PackedBatch> batches{tamis::pack(pairs, std::vector<std::uint32_t>{2, 0}),
                                         tamis::pack(pairs, std::vector<std::uint32_t>{1, 3})};
  const Segments found = segments_of(batches);
  REQUIRE(found.pairs.size() == 4);
  CHECK(found.texts.size() == 5);  // {7} as a query and {7} as a document have other states
  CHECK(found.pairs[0].document == found.pairs[1].document);
  CHECK(found.pairs[1].query == found.pairs[2].query);
  CHECK(found.pairs[0].query == found.pairs[3].query);
  CHECK(found.pairs[3].query != found.pairs[3].document);
  const EncodedPair& document = found.texts[found.pairs[1].document];
  CHECK(document.ids == std::vector<tamis::TokenId>{3, 4, 5});
  CHECK(document.type_ids == std::vector<std::uint8_t>{1, 1, 1});
}

TEST_CASE("a pair of one segment is refused") {
  const std::vector<EncodedPair> pairs{pair_of({1, 2}, {3}), pair_of({1, 2}, {})};
  const std::vector<PackedBatch> batches{tamis::pack(pairs, std::vector<std::uint32_t>{0, 1})};
  CHECK_THROWS_AS(segments_of(batches), tamis::InvalidArgument);
}
