// Any bytes as the answer of each hosted reranker and of a language model.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string_view>

#include <tamis/remote/judge.hpp>
#include <tamis/remote/rerank_api.hpp>

#include "fuzz_input.hpp"
#include "remote/chat.hpp"
#include "remote/judge_answer.hpp"

namespace {

constexpr std::size_t kCount = 4;
constexpr std::size_t kHighest = 3;
constexpr std::array kDialects{tamis::RerankDialect::cohere, tamis::RerankDialect::voyage,
                               tamis::RerankDialect::jina, tamis::RerankDialect::mixedbread,
                               tamis::RerankDialect::tei};

void require(bool right) {
  if (!right) std::abort();
}

void read_model(std::string_view text) {
  const auto grade = tamis::read_grade(text, kHighest);
  require(!grade || (*grade >= 0 && *grade <= kHighest));
  auto order = tamis::read_order(text, kCount).order;
  std::sort(order.begin(), order.end());
  require(order == std::vector<std::size_t>{0, 1, 2, 3});
  (void)tamis::remote::read_reason(text);
}

void read_scores(tamis::RerankDialect dialect, std::string_view body) {
  tamis::RerankBill bill;
  const auto scores = tamis::parse_rerank_answer(dialect, body, kCount, bill);
  require(scores.size() == kCount && bill.searches >= 0);
  for (const float score : scores) require(std::isfinite(score));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body = tamis::fuzz::as_text(data, size);
  read_model(body);
  (void)tamis::service_message(body);
  for (const tamis::RerankDialect dialect : kDialects) {
    (void)tamis::fuzz::expect_value_or_error([&] { read_scores(dialect, body); });
  }
  return tamis::fuzz::expect_value_or_error([&] {
    const auto chat = tamis::remote::parse_chat(body);
    read_model(chat.text);
    const auto grade = tamis::remote::expected_grade(chat.first_token, kHighest);
    require(!grade || (*grade >= 0 && *grade <= kHighest));
  });
}
