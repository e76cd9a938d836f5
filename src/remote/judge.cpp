// remote/judge.cpp: asks the model, passage by passage or window by window.
#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include <tamis/error.hpp>
#include <tamis/remote/judge.hpp>
#include <tamis/text/utf8.hpp>

#include "remote/access.hpp"
#include "remote/ask_all.hpp"
#include "remote/chat.hpp"
#include "remote/json_text.hpp"
#include "remote/judge_answer.hpp"
#include "remote/judge_prompt.hpp"

namespace tamis {
namespace {

using remote::Ask;
using remote::ChatAnswer;

constexpr std::size_t kReasonTokens = 300;
constexpr std::size_t kTokensPerNumber = 8;

/// A judgement was read into its place.
struct Read {};

void require(bool right, const char* what) {
  if (!right) raise<InvalidArgument>("judge: {}", what);
}

void require_usable(const JudgeOptions& options) {
  require(!options.base_url.empty(),
          "base_url is missing: an OpenAI-compatible server's, /v1 and all");
  require(!options.model.empty(), "model is missing: the name that the server knows it by");
  require(options.highest_grade >= 1 && options.highest_grade <= 9,
          "highest_grade must be from 1 to 9");
  require(options.window >= 2, "window must be at least 2");
  require(options.step >= 1 && options.step <= options.window, "step must be from 1 to the window");
  require(options.max_passage_bytes >= 1, "max_passage_bytes must be at least 1");
  require_price(options.price);
  remote::require_fields(options.body);
}

}  // namespace

struct Judge::Parts {
  explicit Parts(JudgeOptions all)
      : options(std::move(all)),
        key(remote::key_of(options.api_key, "OPENAI_API_KEY")),
        url(remote::joined_url(options.base_url, "/chat/completions")),
        prompt(remote::prompt_of(options)),
        client(options.http),
        terms{options.name, remote::secrets_of(key, {url, options.http.proxy.value_or("")}),
              options.retries, remote::checked_backoff(options.backoff_ms)} {}

  JudgeOptions options;
  std::string key;
  std::string url;
  std::string prompt;
  HttpClient client;
  remote::Terms terms;

  [[nodiscard]] HttpRequest request(const std::string& prompt_text, std::size_t max_tokens,
                                    const Deadline& deadline) const {
    const remote::ChatQuestion question{.model = options.model,
                                        .prompt = prompt_text,
                                        .max_tokens = max_tokens,
                                        .chances = options.mode == JudgeMode::expected,
                                        .highest_grade = options.highest_grade,
                                        .graded = options.mode == JudgeMode::pointwise,
                                        .body = options.body};
    HttpRequest made{.url = url, .body = remote::chat_body(question, &deadline)};
    if (!key.empty()) made.headers.push_back(remote::bearer(key));
    return made;
  }

  [[nodiscard]] std::vector<std::string_view> cut(std::span<const std::string_view> passages,
                                                  JudgeBill& bill) const {
    std::vector<std::string_view> found;
    for (const std::string_view passage : passages) {
      found.push_back(cut_to(passage, options.max_passage_bytes));
      bill.truncated += static_cast<std::size_t>(found.back().size() < passage.size());
    }
    return found;
  }

  [[nodiscard]] double price(const ChatAnswer& answer) const {
    return options.price.per_search +
           static_cast<double>(answer.tokens) * 1e-6 * options.price.per_million_tokens;
  }

  void pay(const ChatAnswer& answer, JudgeBill& bill) const {
    bill.tokens += answer.tokens;
    bill.dollars += price(answer);
  }

  /// What a model says, for messages: it may repeat what the server told it.
  [[nodiscard]] std::string told(const std::string& text) const {
    constexpr std::size_t kShown = 80;
    return std::string(cut_to(remote::without_secrets(text, terms.secrets), kShown));
  }

  /// Throws RemoteError when there is no grade in it.
  void read(const ChatAnswer& answer, Judgement& found) const {
    found.reason = remote::without_secrets(remote::read_reason(answer.text), terms.secrets);
    if (options.mode == JudgeMode::expected) {
      if (answer.first_token.empty()) {
        throw RemoteError(
            "the answer has no logprobs, whose mean mode expected takes: use a server or a model "
            "that sends them, or mode pointwise",
            200, /*may_pass=*/false);
      }
      found.grade = remote::expected_grade(answer.first_token, options.highest_grade);
    }
    if (!found.grade) found.grade = read_grade(answer.text, options.highest_grade);
    if (!found.grade) {
      throw RemoteError(
          fmt::format("no grade from 0 to {} is in '{}'", options.highest_grade, told(answer.text)),
          200, true);
    }
  }
};

Judge::Judge(JudgeOptions options) {
  require_usable(options);
  parts_ = std::make_shared<const Parts>(std::move(options));
}

const JudgeOptions& Judge::options() const noexcept { return parts_->options; }

std::vector<Judgement> Judge::grade(std::string_view query,
                                    std::span<const std::string_view> passages,
                                    const Deadline& deadline, const CancelToken& cancel,
                                    JudgeBill& bill) const {
  const Parts& own = *parts_;
  std::vector<Ask<Read>> asks;
  const std::size_t tokens = own.options.mode == JudgeMode::expected ? 1 : kReasonTokens;
  for (const std::string_view passage : own.cut(passages, bill)) {
    asks.push_back({[&own, &deadline, query, passage, tokens] {
      remote::require_time_for(query.size() + passage.size(), deadline);
      return own.request(remote::pointwise_prompt(own.options, own.prompt, query, passage), tokens,
                         deadline);
    }});
  }
  std::vector<Judgement> found(asks.size());
  remote::ask_all(own.client, asks, own.terms, deadline, cancel,
                  [&](const std::string& body, std::size_t index) {
                    const ChatAnswer answer = remote::parse_chat(body, &deadline);
                    own.pay(answer, bill);
                    Judgement& judgement = found[index];
                    judgement.answers += 1;
                    judgement.tokens += answer.tokens;
                    judgement.dollars += own.price(answer);
                    own.read(answer, judgement);
                    return Read{};
                  });
  for (std::size_t i = 0; i < asks.size(); ++i) {
    if (asks[i].answer) continue;
    found[i].error = asks[i].error->what();
    found[i].status = asks[i].error->status();
  }
  return found;
}

std::vector<std::size_t> Judge::order(std::string_view query,
                                      std::span<const std::string_view> passages,
                                      const Deadline& deadline, const CancelToken& cancel,
                                      JudgeBill& bill, std::vector<std::string>& problems) const {
  const Parts& own = *parts_;
  const auto texts = own.cut(passages, bill);
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t end = order.size(); end > 1;) {
    const std::size_t begin = end > own.options.window ? end - own.options.window : 0;
    std::vector<std::string_view> window;
    std::size_t bytes = query.size();
    for (std::size_t i = begin; i < end; ++i) {
      window.push_back(texts[order[i]]);
      bytes += window.back().size();
    }
    std::vector<Ask<ReadOrder>> ask{{[&] {
      remote::require_time_for(bytes, deadline);
      return own.request(remote::listwise_prompt(own.options, own.prompt, query, window),
                         kTokensPerNumber * window.size(), deadline);
    }}};
    remote::ask_all(
        own.client, ask, own.terms, deadline, cancel, [&](const std::string& body, std::size_t) {
          const ChatAnswer answer = remote::parse_chat(body, &deadline);
          own.pay(answer, bill);
          ReadOrder read = read_order(answer.text, window.size());
          if (read.named > 0) return read;
          throw RemoteError(fmt::format("no passage is named in '{}'", own.told(answer.text)), 200,
                            true);
        });
    if (!ask[0].answer) {
      if (end == order.size()) throw *ask[0].error;
      problems.emplace_back(ask[0].error->what());
      break;  // what is above was not compared with what this window would have sent up
    }
    const std::size_t missing = window.size() - ask[0].answer->named;
    if (missing > 0) {
      problems.push_back(
          fmt::format("{} of {} passages of a window were not named: they follow in "
                      "their order",
                      missing, window.size()));
    }
    const std::vector<std::size_t> before(order.begin() + static_cast<std::ptrdiff_t>(begin),
                                          order.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::size_t i = 0; i < before.size(); ++i)
      order[begin + i] = before[ask[0].answer->order[i]];
    if (begin == 0) break;
    end -= own.options.step;
  }
  return order;
}

}  // namespace tamis
