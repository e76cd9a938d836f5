// Windows cover a document, fit the limits and end where it ends.
#include <cstddef>
#include <numeric>
#include <optional>
#include <vector>

#include <tamis/text/windows.hpp>

#include "support/catch.hpp"
#include "support/message_of.hpp"

using tamis::PairLimits;
using tamis::split_windows;
using tamis::TokenId;
using tamis::Window;

namespace {

const tamis::PairTemplate kBert{
    .prefix = {{101, 0}}, .infix = {{102, 0}}, .suffix = {{102, 1}}, .document_type = 1};

std::vector<TokenId> tokens(std::size_t count) {
  std::vector<TokenId> ids(count);
  std::iota(ids.begin(), ids.end(), TokenId{1000});
  return ids;
}

void check_windows(const std::vector<Window>& windows, const std::vector<TokenId>& document,
                   std::size_t max_length) {
  REQUIRE_FALSE(windows.empty());
  CHECK(windows.front().begin == 0);
  CHECK(windows.back().end == document.size());
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Window& window = windows[i];
    CHECK(window.pair.size() <= max_length);
    REQUIRE(window.pair.document_tokens == window.end - window.begin);
    for (std::size_t t = window.begin; t < window.end; ++t) {
      REQUIRE(window.pair.ids[window.pair.document_begin + t - window.begin] == document[t]);
    }
    if (i > 0) {
      CHECK(window.begin > windows[i - 1].begin);
      CHECK(window.begin <= windows[i - 1].end);  // no token between two windows is lost
      CHECK(window.end - window.begin == windows[0].end - windows[0].begin);
    }
  }
}

}  // namespace

TEST_CASE("a document that fits is one window", "[text]") {
  const auto document = tokens(5);
  const auto windows = split_windows(kBert, tokens(2), document, {.max_length = 10});
  REQUIRE(windows.size() == 1);
  check_windows(windows, document, 10);
  CHECK_FALSE(windows[0].pair.truncated());
}

TEST_CASE("windows cover documents of any length with any stride", "[text]") {
  for (const std::size_t size : {6U, 7U, 20U, 99U, 100U, 1001U}) {
    for (const std::size_t query : {0U, 1U, 3U, 50U}) {
      for (const std::optional<std::size_t> stride :
           {std::optional<std::size_t>(), std::optional<std::size_t>(1),
            std::optional<std::size_t>(4), std::optional<std::size_t>(9999)}) {
        const auto document = tokens(size);
        check_windows(
            split_windows(kBert, tokens(query), document, {.max_length = 16}, {.stride = stride}),
            document, 16);
      }
    }
  }
}

TEST_CASE("a long query takes at most half the room", "[text]") {
  const auto windows = split_windows(kBert, tokens(100), tokens(100), {.max_length = 23});
  for (const Window& window : windows) CHECK(window.pair.document_tokens == 10);
}

TEST_CASE("max_document_tokens cuts before windows are made", "[text]") {
  const auto windows =
      split_windows(kBert, tokens(2), tokens(100), {.max_length = 25, .max_document_tokens = 30});
  CHECK(windows.back().end == 30);
}

TEST_CASE("no room, or no step, is refused", "[text]") {
  CHECK(contains(message_of<tamis::InvalidArgument>(
                     [] { (void)split_windows(kBert, tokens(1), tokens(9), {.max_length = 3}); }),
                 "windows need room"));
  CHECK(contains(message_of<tamis::InvalidArgument>([] {
                   (void)split_windows(kBert, tokens(1), tokens(99), {.max_length = 16},
                                       {.stride = 0});
                 }),
                 "stride"));
}

TEST_CASE("where a template cuts the beginning, so do windows", "[text]") {
  tamis::PairTemplate around = kBert;
  around.cut_begin = true;
  const auto document = tokens(20);
  const PairLimits limits{.max_length = 40, .max_query_tokens = {}, .max_document_tokens = 8};
  const auto whole = split_windows(around, tokens(2), document, limits);
  const auto pair = encode_pair(around, tokens(2), document, limits);
  REQUIRE(whole.size() == 1);
  CHECK(whole[0].pair.ids == pair.ids);
  CHECK(whole[0].begin == 12);
  CHECK(whole[0].end == 20);
  PairLimits narrow = limits;
  narrow.max_length = 3 + 2 + 5;
  const auto windows = split_windows(around, tokens(2), document, narrow);
  REQUIRE(windows.size() > 1);
  CHECK(windows.front().begin == 12);
  CHECK(windows.back().end == 20);
  for (const Window& window : windows) {
    CHECK(window.pair.ids[window.pair.document_begin] == document[window.begin]);
  }
}
