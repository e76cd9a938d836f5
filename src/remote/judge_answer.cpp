// remote/judge_answer.cpp: what a model said, of which nothing is trusted.
#include "remote/judge_answer.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <system_error>

#include <nlohmann/json.hpp>

#include <tamis/remote/judge.hpp>

#include "remote/answer_json.hpp"

namespace tamis {
namespace {

using Json = nlohmann::json;

constexpr int kMostObjects = 64;  // that are looked at for a grade

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

std::optional<double> inside(double grade, std::size_t highest) {
  if (!(grade >= 0) || grade > static_cast<double>(highest)) return std::nullopt;
  return grade;
}

/// From a brace to the one that closes it; empty when there is none.
std::string_view braced(std::string_view text) {
  std::size_t open = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted && text[i] == '\\') ++i;
    if (quoted) continue;
    if (text[i] == '{') ++open;
    if (text[i] == '}' && --open == 0) return text.substr(0, i + 1);
  }
  return {};
}

/// What is meant to be read: what some models think stands in front, with drafts of the answer.
std::string_view said(std::string_view answer) {
  constexpr std::string_view kEnd = "</think>";
  const std::size_t end = answer.rfind(kEnd);
  if (end != std::string_view::npos) return answer.substr(end + kEnd.size());
  return answer.starts_with("<think>") ? std::string_view() : answer;
}

/// The first object with a grade: models put prose or a fence around it.
Json object_in(std::string_view answer) {
  std::size_t open = answer.find('{');
  for (int tried = 0; tried < kMostObjects && open != std::string_view::npos; ++tried) {
    Json found = remote::answer_json(braced(answer.substr(open, remote::kLongestObject)));
    if (found.is_object() && found.contains("grade")) return found;
    open = answer.find('{', open + 1);
  }
  return {};
}

/// The number behind "grade" in an object that was cut off, when something stands behind it.
std::optional<double> cut_off_grade(std::string_view answer) {
  constexpr std::string_view kName = "\"grade\"";
  std::size_t at = answer.find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  at = answer.find_first_not_of(" :\"", at + kName.size());
  if (at == std::string_view::npos) return std::nullopt;
  double number = 0;
  const char* const end = answer.data() + answer.size();
  const auto [stop, error] = std::from_chars(answer.data() + at, end, number);
  if (error != std::errc() || stop == end) return std::nullopt;
  return number;
}

/// Whether the number at `place` has a minus, which is no dash between words or numbers.
bool is_negative(std::string_view answer, std::size_t place) {
  if (place == 0 || answer[place - 1] != '-') return false;
  return place == 1 || std::isalnum(static_cast<unsigned char>(answer[place - 2])) == 0;
}

/// The only number of the answer that is no part of a word; two different ones are no grade, and a
/// negative one neither.
std::optional<double> lone_number(std::string_view answer) {
  std::optional<double> found;
  for (std::size_t i = 0; i < answer.size(); ++i) {
    if (!is_digit(answer[i])) continue;
    if (is_negative(answer, i)) return std::nullopt;
    double number = 0;
    const bool in_word = i > 0 && is_letter(answer[i - 1]);
    for (; i < answer.size() && is_digit(answer[i]); ++i) number = number * 10 + (answer[i] - '0');
    if (in_word || (i < answer.size() && is_letter(answer[i]))) continue;
    if (found && *found != number) return std::nullopt;
    found = number;
  }
  return found;
}

/// Passages whose numbers, from 1, the answer holds: each once.
ReadOrder named_in(std::string_view answer, std::size_t count, bool bracketed) {
  ReadOrder found;
  std::vector<bool> taken(count, false);
  for (std::size_t i = 0; i < answer.size() && found.named < count; ++i) {
    if (!is_digit(answer[i])) continue;
    const bool opened = i > 0 && answer[i - 1] == '[';
    std::size_t number = 0;
    for (; i < answer.size() && is_digit(answer[i]); ++i) {
      if (number <= count) number = number * 10 + static_cast<std::size_t>(answer[i] - '0');
    }
    const bool closed = i < answer.size() && answer[i] == ']';
    if (bracketed && !(opened && closed)) continue;
    if (number == 0 || number > count || taken[number - 1]) continue;
    taken[number - 1] = true;
    found.order.push_back(number - 1);
    ++found.named;
  }
  return found;
}

}  // namespace

std::optional<double> read_grade(std::string_view answer, std::size_t highest) {
  answer = said(answer).substr(0, remote::kReadBytes);
  const Json object = object_in(answer);
  if (object.is_object()) {
    const Json& grade = object["grade"];
    if (grade.is_number()) return inside(grade.get<double>(), highest);
    if (grade.is_string()) {
      const auto number = lone_number(grade.get<std::string>());
      return number ? inside(*number, highest) : std::nullopt;
    }
    return std::nullopt;
  }
  auto number = cut_off_grade(answer);
  // What is cut off before its grade has numbers of its own.
  const std::size_t begin = answer.find_first_not_of(" \t\r\n`");
  const bool cut = begin != std::string_view::npos && answer[begin] == '{';
  if (!number && !cut) number = lone_number(answer);
  return number ? inside(*number, highest) : std::nullopt;
}

ReadOrder read_order(std::string_view answer, std::size_t count) {
  answer = said(answer);
  // Where there is a number as it was asked for, "[2]", others belong to prose around them.
  ReadOrder found = named_in(answer, count, /*bracketed=*/true);
  if (found.named == 0) found = named_in(answer, count, /*bracketed=*/false);
  std::vector<bool> taken(count, false);
  for (const std::size_t index : found.order) taken[index] = true;
  for (std::size_t i = 0; i < count; ++i) {
    if (!taken[i]) found.order.push_back(i);
  }
  return found;
}

namespace remote {

std::string read_reason(std::string_view answer) {
  const Json object = object_in(said(answer).substr(0, remote::kReadBytes));
  const auto reason = object.is_object() ? object.find("reason") : object.end();
  if (!object.is_object() || reason == object.end() || !reason->is_string()) return {};
  return reason->get<std::string>();
}

std::optional<double> expected_grade(const std::vector<TokenChance>& chances, std::size_t highest) {
  double mass = 0;
  double sum = 0;
  for (const TokenChance& chance : chances) {
    const std::size_t at = chance.token.find_first_not_of(' ');
    if (at == std::string::npos || at + 1 != chance.token.size() || !is_digit(chance.token[at])) {
      continue;
    }
    const auto grade = static_cast<std::size_t>(chance.token[at] - '0');
    if (grade > highest) continue;
    const double probability = std::exp(std::min(chance.logprob, 0.0));
    mass += probability;
    sum += probability * static_cast<double>(grade);
  }
  if (mass <= 0) return std::nullopt;
  return std::min(sum / mass, static_cast<double>(highest));  // which rounding may exceed
}

}  // namespace remote
}  // namespace tamis
