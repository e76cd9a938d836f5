// remote/judge_stage.cpp: a judge in a cascade.
#include <exception>

#include <tamis/remote/error.hpp>
#include <tamis/remote/judge.hpp>

#include "remote/access.hpp"

namespace tamis::stages {
namespace {

Scored bill_of(const JudgeBill& bill) {
  return {.tokens = bill.tokens, .truncated = bill.truncated, .dollars = bill.dollars};
}

/// Grades up to the first passage without one: behind a gap they would be another candidate's.
Scored graded(const Judge& judge, const StageCall& call) {
  JudgeBill bill;
  const auto judgements = judge.grade(call.query, call.texts, call.deadline, call.cancel, bill);
  Scored scored = bill_of(bill);
  for (const Judgement& judgement : judgements) {
    if (!judgement.grade) {
      if (scored.scores.empty()) {
        scored.failure =
            std::make_exception_ptr(RemoteError(judgement.error, judgement.status, true));
      } else {
        scored.warnings.push_back(judgement.error);
      }
      break;
    }
    scored.scores.push_back(static_cast<float>(*judgement.grade));
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

}  // namespace

AnyStage judge(JudgeOptions options) {
  const Judge model(std::move(options));
  StageTraits traits{
      .name = model.options().name,
      .scorer = model.options().model + " at " + remote::without_user(model.options().base_url)};
  return {std::move(traits), [model](const StageCall& call) -> StageResult {
            if (model.options().mode == JudgeMode::listwise) return ordered(model, call);
            return graded(model, call);
          }};
}

}  // namespace tamis::stages
