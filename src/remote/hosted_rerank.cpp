// remote/hosted_rerank.cpp: a service as a stage: split, send, wait, merge.
#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <utility>

#include <fmt/format.h>

#include <tamis/remote/hosted_rerank.hpp>
#include <tamis/remote/rerank_api.hpp>

#include "remote/split_texts.hpp"

namespace tamis::stages {
namespace {

using remote::TextRange;

std::string key_of(const RerankService& service, const HostedOptions& options) {
  if (options.api_key) return *options.api_key;
  const char* const found = std::getenv(std::string(service.key_variable).c_str());
  if (found != nullptr && *found != 0) return found;
  if (service.needs_key) {
    raise<InvalidArgument>("{} needs a key: set {} or hand in api_key", service.name,
                           service.key_variable);
  }
  return {};
}

std::string url_of(const RerankService& service, const HostedOptions& options) {
  std::string url(options.base_url.empty() ? service.base_url : options.base_url);
  if (url.empty()) {
    raise<InvalidArgument>("{} has no address of its own: hand in base_url", service.name);
  }
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    raise<InvalidArgument>("base_url '{}' must begin with https:// or http://", url);
  }
  while (url.ends_with('/')) url.pop_back();
  return url + std::string(service.path);
}

/// A service may quote what it was sent.
std::string without_key(std::string text, const std::string& key) {
  if (key.empty()) return text;
  for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at)) {
    text.replace(at, key.size(), "***");
  }
  return text;
}

class Hosted {
 public:
  Hosted(const RerankService& service, HostedOptions options)
      : service_(service),
        options_(std::move(options)),
        key_(key_of(service, options_)),
        url_(url_of(service, options_)),
        client_(options_.http) {
    if (options_.model.empty()) options_.model = service.model;
    if (options_.max_documents == std::size_t{0}) {
      raise<InvalidArgument>("max_documents must be at least 1, got 0");
    }
    if (key_.find_first_of("\r\n") != std::string::npos) {
      raise<InvalidArgument>("the key for {} holds a line break", service.name);
    }
    if (!options_.price) {
      const auto listed = list_prices().find(label());
      if (listed != list_prices().end()) options_.price = listed->second;
    }
  }

  [[nodiscard]] std::string label() const {
    const std::string name(service_.name);
    return options_.model.empty() ? name + " at " + url_ : name + "/" + options_.model;
  }

  StageResult operator()(const StageCall& call) const {
    const auto ranges = remote::split_texts(call.query, call.texts,
                                            options_.max_documents.value_or(service_.max_documents),
                                            options_.max_tokens.value_or(service_.max_tokens));
    std::vector<Part> parts;
    parts.reserve(ranges.size());
    for (const TextRange& range : ranges) {
      parts.push_back(
          {range, request(call.query, call.texts.subspan(range.first, range.count)), {}, {}});
    }
    send(parts, call);
    return merged(parts);
  }

 private:
  struct Part {
    TextRange range;
    HttpRequest request;
    std::optional<RerankAnswer> answer;
    std::optional<RemoteError> error;
  };

  [[nodiscard]] HttpRequest request(std::string_view query,
                                    std::span<const std::string_view> texts) const {
    HttpRequest made{.url = url_,
                     .body = rerank_body(service_.dialect, {.model = options_.model,
                                                            .query = query,
                                                            .texts = texts,
                                                            .instruction = options_.instruction,
                                                            .max_tokens_per_document =
                                                                options_.max_tokens_per_document,
                                                            .truncate = options_.truncate})};
    if (!key_.empty()) made.headers.push_back("Authorization: Bearer " + key_);
    return made;
  }

  /// Sends what has no answer, again and again while its failures may pass and time is left.
  void send(std::vector<Part>& parts, const StageCall& call) const {
    for (std::size_t attempt = 0; attempt <= options_.retries; ++attempt) {
      std::vector<HttpRequest> requests;
      std::vector<Part*> open;
      for (Part& part : parts) {
        if (part.answer || (part.error && !part.error->may_pass())) continue;
        requests.push_back(part.request);
        open.push_back(&part);
      }
      if (open.empty() || (attempt > 0 && !wait(open, attempt, call))) return;
      auto results = client_.post_all(requests, call.deadline, call.cancel);
      for (std::size_t i = 0; i < open.size(); ++i) read(std::move(results[i]), *open[i]);
    }
  }

  void read(HttpResult result, Part& part) const {
    part.error.reset();
    try {
      if (const auto* const failed = std::get_if<RemoteError>(&result)) throw *failed;
      const HttpResponse& response = std::get<HttpResponse>(result);
      if (auto error = error_of(service_.name, response)) throw std::move(*error);
      part.answer = parse_rerank_answer(service_.dialect, response.body, part.range.count);
    } catch (const RemoteError& error) {
      part.error = RemoteError(without_key(error.what(), key_), error.status(), error.may_pass(),
                               error.retry_after_ms());
    }
  }

  /// False when the wait would end after the deadline.
  [[nodiscard]] bool wait(const std::vector<Part*>& open, std::size_t attempt,
                          const StageCall& call) const {
    thread_local std::minstd_rand random{std::random_device{}()};
    const double doubled =
        options_.backoff_ms * static_cast<double>(1ULL << std::min<std::size_t>(attempt - 1, 20));
    double ms = doubled * std::uniform_real_distribution<double>(1.0, 1.5)(random);
    for (const Part* const part : open)
      ms = std::max(ms, part->error->retry_after_ms().value_or(0));
    if (ms >= milliseconds(call.deadline.remaining())) return false;
    const Clock& clock = call.deadline.clock();
    const Clock::Time end = clock.now() + from_milliseconds(ms);
    while (clock.now() < end) {
      if (call.cancel.cancelled()) throw Cancelled("the request was cancelled");
      clock.sleep_until(std::min(end, clock.now() + from_milliseconds(kLongestSleepMs)));
    }
    return true;
  }

  [[nodiscard]] Scored merged(const std::vector<Part>& parts) const {
    Scored scored;
    double searches = 0;
    bool whole = true;  // so far: scores behind a gap would be another candidate's
    for (const Part& part : parts) {
      if (!part.answer) {
        if (whole && scored.scores.empty() && &part == &parts.front() && none_answered(parts)) {
          throw *part.error;
        }
        if (whole) scored.warnings.push_back(part.error->what());
        whole = false;
        continue;
      }
      scored.tokens += part.answer->tokens;
      searches += part.answer->searches;
      if (!whole) continue;
      scored.scores.insert(scored.scores.end(), part.answer->scores.begin(),
                           part.answer->scores.end());
    }
    if (options_.price) {
      scored.dollars =
          searches * options_.price->per_search +
          static_cast<double>(scored.tokens) * 1e-6 * options_.price->per_million_tokens;
    }
    return scored;
  }

  [[nodiscard]] static bool none_answered(const std::vector<Part>& parts) {
    return std::none_of(parts.begin(), parts.end(),
                        [](const Part& part) { return part.answer.has_value(); });
  }

  static constexpr double kLongestSleepMs = 10;

  const RerankService& service_;
  HostedOptions options_;
  std::string key_;
  std::string url_;
  HttpClient client_;
};

}  // namespace

AnyStage hosted_rerank(const std::string& service, HostedOptions options) {
  const RerankService& known = rerank_service(service);
  std::string name = options.name.empty() ? service : options.name;
  const Hosted hosted(known, std::move(options));
  StageTraits traits{.name = std::move(name), .scorer = hosted.label()};
  return {std::move(traits), hosted};
}

}  // namespace tamis::stages
