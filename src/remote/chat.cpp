// remote/chat.cpp
#include "remote/chat.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <tamis/error.hpp>
#include <tamis/remote/error.hpp>

#include "remote/answer_json.hpp"
#include "remote/json_text.hpp"

namespace tamis::remote {
namespace {

using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

constexpr int kAlternatives = 20;
constexpr int kReasonLetters = 400;  // so that the grade comes before the tokens are spent

/// Servers that write by a grammar keep the order: the reason is thought of before the grade.
Ordered grade_form(std::size_t highest) {
  const Ordered schema{{"type", "object"},
                       {"properties",
                        {{"reason", {{"type", "string"}, {"maxLength", kReasonLetters}}},
                         {"grade", {{"type", "integer"}, {"minimum", 0}, {"maximum", highest}}}}},
                       {"required", {"reason", "grade"}},
                       {"additionalProperties", false}};
  return {{"type", "json_schema"}, {"json_schema", {{"name", "judgement"}, {"schema", schema}}}};
}

/// The element at a path of names and indices, or null.
template <typename... Steps>
const Json& at(const Json& value, const Steps&... steps) {
  static const Json nothing;
  const Json* found = &value;
  const auto step = [&](const auto& name) {
    using Name = std::decay_t<decltype(name)>;
    if constexpr (std::is_same_v<Name, std::size_t>) {
      found = found->is_array() && name < found->size() ? &(*found)[name] : &nothing;
    } else {
      const auto member = found->is_object() ? found->find(name) : found->end();
      found = found->is_object() && member != found->end() ? &*member : &nothing;
    }
  };
  (step(steps), ...);
  return *found;
}

std::vector<TokenChance> chances_of(const Json& answer) {
  std::vector<TokenChance> found;
  const Json& top =
      at(answer, "choices", std::size_t{0}, "logprobs", "content", std::size_t{0}, "top_logprobs");
  for (const Json& one : top.is_array() ? top : Json::array()) {
    const Json& token = at(one, "token");
    const Json& logprob = at(one, "logprob");
    if (!token.is_string() || !logprob.is_number()) continue;
    if (std::isfinite(logprob.get<double>())) {
      found.push_back({token.get<std::string>(), logprob.get<double>()});
    }
  }
  return found;
}

void change(Ordered& fields, const Ordered& by) {
  for (const auto& [name, value] : by.items()) {
    if (value.is_null()) {
      fields.erase(name);
    } else {
      fields[name] = value;
    }
  }
}

}  // namespace

void require_fields(std::string_view body) {
  if (body.empty()) return;
  const Json fields = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!fields.is_object()) raise<InvalidArgument>("judge: body is no JSON object");
  for (const char* ours : {"messages", "model", "stream"}) {
    if (!fields.contains(ours)) continue;
    raise<InvalidArgument>(
        "judge: body cannot change '{}'; prompt and model have options of their own, "
        "and answers are read whole",
        ours);
  }
}

std::string chat_body(const ChatQuestion& question, const Deadline* deadline) {
  Ordered fields{
      {"model", question.model}, {"temperature", 0}, {"max_tokens", question.max_tokens}};
  if (question.chances) {
    fields["logprobs"] = true;
    fields["top_logprobs"] = kAlternatives;
  }
  if (question.graded) fields["response_format"] = grade_form(question.highest_grade);
  if (!question.body.empty()) change(fields, Ordered::parse(question.body));
  std::string body = open_object(fields);
  body += R"(,"messages":[{"role":"user","content":)";
  append_text(body, question.prompt, deadline);
  return body += "}]}";
}

ChatAnswer parse_chat(std::string_view body, const Deadline* deadline) {
  const Json answer = remote::answer_json(body, deadline);
  const Json& message = at(answer, "choices", std::size_t{0}, "message");
  const Json& content = at(message, "content");  // null: a refusal, or nothing but thoughts
  if (!message.is_object() || !(content.is_string() || content.is_null())) {
    throw RemoteError("the answer cannot be used: it is no chat completion", 200, true);
  }
  const Json& tokens = at(answer, "usage", "total_tokens");
  constexpr double kMost = 1e15;
  const double counted = tokens.is_number() ? tokens.get<double>() : 0;
  return {content.is_null() ? "" : content.get<std::string>(), chances_of(answer),
          counted > 0 ? static_cast<std::size_t>(std::min(counted, kMost)) : 0};
}

}  // namespace tamis::remote
