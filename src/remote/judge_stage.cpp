// remote/judge_stage.cpp: a judge in a cascade.
#include <cstddef>
#include <exception>
#include <limits>
#include <string>

#include <fmt/format.h>

#include <tamis/remote/error.hpp>
#include <tamis/remote/judge.hpp>

#include "remote/access.hpp"

namespace tamis::stages {
namespace {

Scored bill_of(const JudgeBill& bill) {
  return {.tokens = bill.tokens, .truncated = bill.truncated, .dollars = bill.dollars};
}

/// A passage without a grade, which may be why there is none, keeps no place above those with one.
Scored graded(const Judge& judge, const StageCall& call) {
  JudgeBill bill;
  const auto judgements = judge.grade(call.query, call.texts, call.deadline, call.cancel, bill);
  Scored scored = bill_of(bill);
  scored.gaps = true;
  std::size_t last = 0;  // grade, and one more
  const Judgement* first_without = nullptr;
  std::size_t without = 0;
  for (const Judgement& judgement : judgements) {
    scored.scores.push_back(judgement.grade ? static_cast<float>(*judgement.grade)
                                            : std::numeric_limits<float>::quiet_NaN());
    if (judgement.grade) last = scored.scores.size();
    if (judgement.grade || without++ > 0) continue;
    first_without = &judgement;
  }
  scored.scores.resize(last);
  if (first_without == nullptr) return scored;
  if (last == 0) {
    scored.failure =
        std::make_exception_ptr(RemoteError(first_without->error, first_without->status, true));
  } else {
    scored.warnings.push_back(fmt::format("{} of {} passages have no grade: {}", without,
                                          judgements.size(), first_without->error));
  }
  return scored;
}

/// Places as scores: the best has the number of candidates, the last 1.
Scored ordered(const Judge& judge, const StageCall& call) {
  JudgeBill bill;
  std::vector<std::string> problems;
  std::vector<std::size_t> order;
  std::exception_ptr failure;
  try {
    order = judge.order(call.query, call.texts, call.deadline, call.cancel, bill, problems);
  } catch (const RemoteError&) {
    failure = std::current_exception();
  }
  Scored scored = bill_of(bill);
  scored.failure = failure;
  scored.warnings = std::move(problems);
  scored.scores.resize(order.size());
  for (std::size_t place = 0; place < order.size(); ++place) {
    scored.scores[order[place]] = static_cast<float>(order.size() - place);
  }
  return scored;
}

/// A limit of the caller's own is meant.
std::string if_cut(std::size_t limit) {
  if (limit != JudgeOptions{}.max_passage_bytes) return "";
  return fmt::format("they have more than {} bytes; set max_passage_bytes", limit);
}

}  // namespace

AnyStage judge(JudgeOptions options) {
  const Judge model(std::move(options));
  StageTraits traits{
      .name = model.options().name,
      .scorer = model.options().model + " at " + remote::without_user(model.options().base_url),
      .if_cut = if_cut(model.options().max_passage_bytes)};
  return {std::move(traits), [model](const StageCall& call) -> StageResult {
            if (model.options().mode == JudgeMode::listwise) return ordered(model, call);
            return graded(model, call);
          }};
}

}  // namespace tamis::stages
