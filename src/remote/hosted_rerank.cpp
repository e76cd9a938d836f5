// remote/hosted_rerank.cpp: a service as a stage: split, send, wait, merge.
#include <exception>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <tamis/remote/hosted_rerank.hpp>
#include <tamis/remote/rerank_api.hpp>

#include "remote/access.hpp"
#include "remote/ask_all.hpp"
#include "remote/split_texts.hpp"

namespace tamis::stages {
namespace {

using remote::Ask;
using remote::TextRange;

std::string key_for(const RerankService& service, const HostedOptions& options) {
  std::string key = remote::key_of(options.api_key, service.key_variable);
  if (key.empty() && service.needs_key) {
    raise<InvalidArgument>(
        "{} needs a key: set {} or hand in api_key (\"\" for a server of your own that wants none)",
        service.name, service.key_variable);
  }
  return key;
}

std::string url_of(const RerankService& service, const HostedOptions& options) {
  const std::string base(options.base_url.empty() ? service.base_url : options.base_url);
  if (base.empty()) {
    raise<InvalidArgument>("{} has no address of its own: hand in base_url", service.name);
  }
  return remote::joined_url(base, service.path);
}

/// An option that would go nowhere.
void refuse(const RerankService& service, std::string_view option, bool RerankService::*takes) {
  std::vector<std::string_view> others;
  for (const RerankService& one : rerank_services()) {
    if (one.*takes) others.push_back(one.name);
  }
  raise<InvalidArgument>("{} has no {}: leave it out, or ask {}", service.name, option,
                         fmt::join(others, ", "));
}

void require_known(const RerankService& service, const HostedOptions& options) {
  if (!options.instruction.empty() && !service.takes_instruction) {
    refuse(service, "instruction", &RerankService::takes_instruction);
  }
  if (options.max_tokens_per_document && !service.takes_max_tokens_per_document) {
    refuse(service, "max_tokens_per_document", &RerankService::takes_max_tokens_per_document);
  }
  if (!options.truncate && !service.takes_truncate) {
    refuse(service, "truncate", &RerankService::takes_truncate);
  }
}

class Hosted {
 public:
  Hosted(const RerankService& service, HostedOptions options)
      : service_(service),
        options_(std::move(options)),
        key_(key_for(service, options_)),
        url_(url_of(service, options_)),
        terms_{std::string(service.name),
               remote::secrets_of(key_, {url_, options_.http.proxy.value_or("")}), options_.retries,
               remote::checked_backoff(options_.backoff_ms)},
        client_(options_.http) {
    require_known(service, options_);
    if (options_.model.empty()) options_.model = service.model;
    if (options_.max_documents == std::size_t{0}) {
      raise<InvalidArgument>("max_documents must be at least 1, got 0");
    }
    if (options_.price) require_price(*options_.price);
    if (!options_.price) {
      const auto listed = list_prices().find(label());
      if (listed != list_prices().end()) options_.price = listed->second;
    }
  }

  [[nodiscard]] std::string label() const {
    const std::string name(service_.name);
    return options_.model.empty() ? name + " at " + remote::without_user(url_)
                                  : name + "/" + options_.model;
  }

  StageResult operator()(const StageCall& call) const {
    const auto ranges =
        remote::split_texts(call.query.size() + options_.instruction.size(), call.texts,
                            options_.max_documents.value_or(service_.max_documents),
                            options_.max_tokens.value_or(max_tokens_of(service_, options_.model)));
    RerankBill bill;
    std::vector<Ask<std::vector<float>>> asks;
    asks.reserve(ranges.size());
    for (const TextRange& range : ranges) {
      asks.push_back({[this, &call, range] { return request(call, range); }});
    }
    remote::ask_all(client_, asks, terms_, call.deadline, call.cancel,
                    [&](const std::string& body, std::size_t index) {
                      return parse_rerank_answer(service_.dialect, body, ranges[index].count, bill,
                                                 &call.deadline);
                    });
    return merged(asks, bill);
  }

 private:
  [[nodiscard]] HttpRequest request(const StageCall& call, TextRange range) const {
    const RerankQuestion question{.model = options_.model,
                                  .query = call.query,
                                  .texts = call.texts.subspan(range.first, range.count),
                                  .instruction = options_.instruction,
                                  .max_tokens_per_document = options_.max_tokens_per_document,
                                  .truncate = options_.truncate};
    HttpRequest made{.url = url_, .body = rerank_body(service_.dialect, question, &call.deadline)};
    if (!key_.empty()) made.headers.push_back(remote::bearer(key_));
    return made;
  }

  /// Scores up to the first request that failed: behind a gap they would be another candidate's.
  [[nodiscard]] Scored merged(const std::vector<Ask<std::vector<float>>>& asks,
                              const RerankBill& bill) const {
    Scored scored{.tokens = bill.tokens};
    for (const auto& ask : asks) {
      if (!ask.answer) {
        scored.warnings.emplace_back(ask.error->what());
        break;
      }
      scored.scores.insert(scored.scores.end(), ask.answer->begin(), ask.answer->end());
    }
    if (scored.scores.empty() && !asks.empty()) {
      scored.failure = std::make_exception_ptr(*asks.front().error);
    }
    if (options_.price) {
      const double millions = static_cast<double>(scored.tokens) * 1e-6;
      scored.dollars = bill.searches * options_.price->per_search +
                       millions * options_.price->per_million_tokens;
    }
    return scored;
  }

  const RerankService& service_;
  HostedOptions options_;
  std::string key_;
  std::string url_;
  remote::Terms terms_;
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
