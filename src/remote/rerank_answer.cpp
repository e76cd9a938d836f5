// remote/rerank_answer.cpp: what came back. Nothing of it is trusted.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include <nlohmann/json.hpp>

#include <tamis/remote/rerank_api.hpp>

#include "remote/answer_json.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

[[noreturn]] void refuse(const std::string& what) {
  throw RemoteError("the answer cannot be used: " + what, 200, /*may_pass=*/true);
}

/// The member with that name, or null.
const Json& member(const Json& object, const char* name) {
  static const Json nothing;
  if (!object.is_object()) return nothing;
  const auto found = object.find(name);
  return found == object.end() ? nothing : *found;
}

const Json& results_of(RerankDialect dialect, const Json& answer) {
  switch (dialect) {
    case RerankDialect::cohere:
    case RerankDialect::jina:
      return member(answer, "results");
    case RerankDialect::voyage:
    case RerankDialect::mixedbread:
      return member(answer, "data");
    case RerankDialect::tei:
      return answer;
  }
  return answer;
}

const char* score_name(RerankDialect dialect) {
  const bool plain = dialect == RerankDialect::mixedbread || dialect == RerankDialect::tei;
  return plain ? "score" : "relevance_score";
}

double natural(const Json& value) {
  if (!value.is_number()) return 0;
  const double number = value.get<double>();
  return std::isfinite(number) && number > 0 ? number : 0;
}

void read_bill(const Json& answer, RerankBill& bill) {
  const Json& units = member(member(answer, "meta"), "billed_units");
  bill.searches += natural(member(units, "search_units"));
  const double tokens = natural(member(member(answer, "usage"), "total_tokens"));
  constexpr double kMost = 1e15;
  bill.tokens += static_cast<std::size_t>(std::min(tokens, kMost));
}

void read_result(const Json& result, const char* name, std::vector<float>& scores) {
  const Json& index = member(result, "index");
  const Json& score = member(result, name);
  if (!index.is_number_unsigned() || index.get<std::uint64_t>() >= scores.size()) {
    refuse(fmt::format("an index is none of the {} documents'", scores.size()));
  }
  const auto at = static_cast<std::size_t>(index.get<std::uint64_t>());
  if (!std::isnan(scores[at])) refuse(fmt::format("document {} comes twice", at));
  if (!score.is_number()) refuse(fmt::format("document {} has no number as '{}'", at, name));
  const auto value = static_cast<float>(score.get<double>());
  if (!std::isfinite(value)) refuse(fmt::format("document {} has a score that is not finite", at));
  scores[at] = value;
}

}  // namespace

std::vector<float> parse_rerank_answer(RerankDialect dialect, std::string_view body,
                                       std::size_t count, RerankBill& bill,
                                       const Deadline* deadline) {
  const Json answer = remote::answer_json(body, deadline);
  if (answer.is_discarded()) refuse("it is no JSON");
  read_bill(answer, bill);
  const Json& results = results_of(dialect, answer);
  if (!results.is_array()) refuse("it holds no list of results");
  std::vector<float> scores(count, std::numeric_limits<float>::quiet_NaN());
  for (const Json& result : results) read_result(result, score_name(dialect), scores);
  if (results.size() != count) {
    refuse(fmt::format("it has scores for {} of {} documents", results.size(), count));
  }
  return scores;
}

}  // namespace tamis
