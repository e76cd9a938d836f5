#include "remote/split_texts.hpp"

#include <string>

#include "support/catch.hpp"

using tamis::remote::split_texts;

namespace {

constexpr std::size_t kAskedBytes = 5;

std::vector<std::size_t> counts(const std::vector<std::string_view>& texts, std::size_t documents,
                                std::size_t tokens) {
  std::vector<std::size_t> found;
  std::size_t next = 0;
  for (const auto& range : split_texts(kAskedBytes, texts, documents, tokens)) {
    CHECK(range.first == next);
    next += range.count;
    found.push_back(range.count);
  }
  CHECK(next == texts.size());
  return found;
}

}  // namespace

TEST_CASE("documents are split by number and by tokens") {
  const std::string text(295, 'x');  // 101 tokens with the query
  const std::vector<std::string_view> seven(7, text);
  CHECK(counts(seven, 3, 0) == std::vector<std::size_t>{3, 3, 1});
  CHECK(counts(seven, 1000, 0) == std::vector<std::size_t>{7});
  CHECK(counts(seven, 1000, 210) == std::vector<std::size_t>{2, 2, 2, 1});
  CHECK(counts(seven, 1000, 1) == std::vector<std::size_t>(7, 1));
  CHECK(counts({}, 3, 10).empty());
}

TEST_CASE("what is asked counts for each document") {
  const std::vector<std::string_view> four(4, "a document");
  CHECK(split_texts(0, four, 1000, 20).size() == 1);
  CHECK(split_texts(20, four, 1000, 20).size() == 4);
}
