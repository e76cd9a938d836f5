// remote/judge_prompt.cpp: prompts are files with versions (src/remote/prompts), built in.
#include "remote/judge_prompt.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include <tamis/error.hpp>

#include "remote/prompt_texts.hpp"

namespace tamis {

std::string_view judge_prompt_version(JudgeMode mode) {
  return mode == JudgeMode::listwise ? "listwise.v1" : "pointwise.v1";
}

}  // namespace tamis

namespace tamis::remote {
namespace {

using Fields = std::map<std::string_view, std::string>;

/// Each {name} of the prompt replaced, in one pass: braces in a passage stay what they are.
std::string filled(std::string_view prompt, const Fields& fields) {
  std::string out;
  while (!prompt.empty()) {
    const std::size_t open = prompt.find('{');
    const std::size_t close = prompt.find('}', open);
    out += prompt.substr(0, open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
      if (open != std::string_view::npos) out += prompt.substr(open);
      break;
    }
    const auto field = fields.find(prompt.substr(open + 1, close - open - 1));
    if (field != fields.end()) {
      out += field->second;
      prompt.remove_prefix(close + 1);
    } else {
      out += '{';
      prompt.remove_prefix(open + 1);
    }
  }
  return out;
}

/// Whether it is a tag of the prompts, whatever its case and spaces.
bool begins_tag(std::string_view text) {
  const std::size_t at = text.find_first_not_of("/ \t\r\n");
  if (at == std::string_view::npos) return false;
  const auto begins_with = [own = text.substr(at)](std::string_view name) {
    return own.size() >= name.size() &&
           std::equal(name.begin(), name.end(), own.begin(), [](char lower, char c) {
             return lower == std::tolower(static_cast<unsigned char>(c));
           });
  };
  return begins_with("passage") || begins_with("query");
}

/// Nothing that stands in a tag of the prompt can close it, or open another.
std::string inert(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<' && begins_tag(text.substr(i + 1))) {
      out += "&lt;";
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string form_of(const JudgeOptions& options) {
  if (options.mode == JudgeMode::expected) return "Answer with the grade alone: one digit.";
  return R"(Answer with JSON and nothing else: {"reason": "<one sentence>", "grade": <number>})";
}

}  // namespace

std::string prompt_of(const JudgeOptions& options) {
  const bool listwise = options.mode == JudgeMode::listwise;
  if (options.prompt.empty()) return std::string(listwise ? kListwisePrompt : kPointwisePrompt);
  for (const char* field : {"{query}", listwise ? "{passages}" : "{passage}"}) {
    if (options.prompt.find(field) == std::string::npos) {
      raise<InvalidArgument>("the judge's prompt lacks {}", field);
    }
  }
  return options.prompt;
}

std::string pointwise_prompt(const JudgeOptions& options, std::string_view prompt,
                             std::string_view query, std::string_view passage) {
  return filled(prompt, {{"rubric", options.rubric},
                         {"grades", fmt::format("0 (worst) to {} (best)", options.highest_grade)},
                         {"query", inert(query)},
                         {"passage", inert(passage)},
                         {"form", form_of(options)}});
}

std::string listwise_prompt(const JudgeOptions& options, std::string_view prompt,
                            std::string_view query, std::span<const std::string_view> passages) {
  std::string numbered;
  for (std::size_t i = 0; i < passages.size(); ++i) {
    numbered += fmt::format("[{}]\n<passage>\n{}\n</passage>\n", i + 1, inert(passages[i]));
  }
  return filled(prompt, {{"rubric", options.rubric},
                         {"query", inert(query)},
                         {"passages", numbered},
                         {"count", std::to_string(passages.size())}});
}

}  // namespace tamis::remote
