// What encode_pair keeps, cuts and counts; the proof against `tokenizers` is in tests/python.
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include <tamis/text/pair_encoder.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::encode_pair;
using tamis::PairLimits;
using tamis::TokenId;
using tamis::Truncation;

namespace {

const tamis::PairTemplate kBert{
    .prefix = {{101, 0}}, .infix = {{102, 0}}, .suffix = {{102, 1}}, .document_type = 1};

std::vector<TokenId> tokens(std::size_t count, TokenId first) {
  std::vector<TokenId> ids(count);
  std::iota(ids.begin(), ids.end(), first);
  return ids;
}

std::pair<std::size_t, std::size_t> kept(std::size_t query, std::size_t document,
                                         const PairLimits& limits) {
  const auto pair = encode_pair(kBert, tokens(query, 1000), tokens(document, 2000), limits);
  CHECK(pair.size() == pair.type_ids.size());
  CHECK(pair.size() <= limits.max_length);
  CHECK(pair.document_tokens + pair.document_tokens_cut == document);
  return {query - pair.query_tokens_cut, pair.document_tokens};
}

using Kept = std::pair<std::size_t, std::size_t>;

}  // namespace

TEST_CASE("a pair that fits stands in its template, with its types", "[text]") {
  const auto pair = encode_pair(kBert, tokens(2, 7), tokens(1, 9), {.max_length = 6});
  CHECK(pair.ids == std::vector<TokenId>{101, 7, 8, 102, 9, 102});
  CHECK(pair.type_ids == std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1});
  CHECK(pair.document_begin == 4);
  CHECK_FALSE(pair.truncated());
}

TEST_CASE("longest_first cuts the longer side until both have half", "[text]") {
  CHECK(kept(10, 100, {.max_length = 53}) == Kept{10, 40});
  CHECK(kept(100, 10, {.max_length = 53}) == Kept{40, 10});
  CHECK(kept(100, 100, {.max_length = 53}) == Kept{25, 25});
  CHECK(kept(100, 100, {.max_length = 54}) == Kept{25, 26});
  CHECK(kept(101, 100, {.max_length = 54}) == Kept{26, 25});
  CHECK(kept(0, 100, {.max_length = 53}) == Kept{0, 50});
  CHECK(kept(5, 5, {.max_length = 3}) == Kept{0, 0});
}

TEST_CASE("only_second and only_first cut one side", "[text]") {
  CHECK(kept(10, 100, {.max_length = 53, .truncation = Truncation::only_second}) == Kept{10, 40});
  CHECK(kept(100, 10, {.max_length = 53, .truncation = Truncation::only_first}) == Kept{40, 10});
}

TEST_CASE("cutting one side that cannot help is refused", "[text]") {
  const PairLimits limits{.max_length = 13, .truncation = Truncation::only_second};
  const auto message = message_of<tamis::InvalidArgument>(
      [&] { (void)encode_pair(kBert, tokens(10, 0), tokens(5, 0), limits); });
  CHECK(contains(message, "the query alone has 10 tokens and 10 fit"));
}

TEST_CASE("a length without room for the special tokens is refused", "[text]") {
  const auto message = message_of<tamis::InvalidArgument>(
      [&] { (void)encode_pair(kBert, tokens(1, 0), tokens(1, 0), {.max_length = 2}); });
  CHECK(contains(message, "max_length is 2, but 3 special tokens"));
}

TEST_CASE("without room for a token both sides are cut whole", "[text]") {
  CHECK(kept(5, 5, {.max_length = 3, .truncation = Truncation::only_second}) == Kept{0, 0});
  CHECK(kept(5, 5, {.max_length = 3, .truncation = Truncation::only_first}) == Kept{0, 0});
}

TEST_CASE("limits of one side are applied first and counted as cut", "[text]") {
  const auto pair =
      encode_pair(kBert, tokens(10, 0), tokens(10, 100),
                  {.max_length = 512, .max_query_tokens = 4, .max_document_tokens = 3});
  CHECK(pair.size() == 3 + 4 + 3);
  CHECK(pair.query_tokens_cut == 6);
  CHECK(pair.document_tokens_cut == 7);
  CHECK(pair.ids[1] == 0);
  CHECK(pair.ids[pair.document_begin] == 100);
}

TEST_CASE("a template may cut where a side begins", "[text]") {
  tamis::PairTemplate around = kBert;
  around.cut_begin = true;
  const auto pair = encode_pair(around, tokens(10, 0), tokens(10, 100), {.max_length = 9});
  CHECK(pair.ids[1] == 7);
  CHECK(pair.ids[pair.document_begin] == 107);
  CHECK(pair.query_tokens_cut == 7);
}
