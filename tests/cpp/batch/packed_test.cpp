// Packing lays pairs end to end; padding makes the same pairs a rectangle.
#include <tamis/batch/packed.hpp>
#include <tamis/batch/padded.hpp>

#include "support/catch.hpp"

namespace {

tamis::EncodedPair pair_of(std::vector<tamis::TokenId> ids, std::vector<std::uint8_t> types) {
  tamis::EncodedPair pair;
  pair.ids = std::move(ids);
  pair.type_ids = std::move(types);
  return pair;
}

const std::vector<tamis::EncodedPair> kPairs{pair_of({1, 2, 3}, {0, 0, 1}), pair_of({4}, {0}),
                                             pair_of({5, 6}, {0, 1})};

}  // namespace

TEST_CASE("packing keeps the order of the rows asked for", "[batch]") {
  const std::vector<std::uint32_t> rows{2, 0};
  const auto batch = tamis::pack(kPairs, rows);
  CHECK(batch.ids == std::vector<tamis::TokenId>{5, 6, 1, 2, 3});
  CHECK(batch.type_ids == std::vector<std::uint8_t>{0, 1, 0, 0, 1});
  CHECK(batch.cu_seqlens == std::vector<std::int32_t>{0, 2, 5});
  CHECK(batch.max_seqlen == 3);
  CHECK(batch.rows == rows);
}

TEST_CASE("packing nothing gives an empty batch", "[batch]") {
  const auto batch = tamis::pack(kPairs, std::vector<std::uint32_t>{});
  CHECK(batch.pairs() == 0);
  CHECK(batch.cu_seqlens == std::vector<std::int32_t>{0});
}

TEST_CASE("padding fills with the pad id and masks it", "[batch]") {
  const auto padded = tamis::pad(tamis::pack(kPairs, std::vector<std::uint32_t>{1, 2}), 99);
  CHECK(padded.pairs == 2);
  CHECK(padded.length == 2);
  CHECK(padded.ids == std::vector<std::int64_t>{4, 99, 5, 6});
  CHECK(padded.attention_mask == std::vector<std::int64_t>{1, 0, 1, 1});
  CHECK(padded.type_ids == std::vector<std::int64_t>{0, 0, 0, 1});
}
