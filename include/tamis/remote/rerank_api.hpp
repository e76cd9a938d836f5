// tamis/remote/rerank_api.hpp: the wire formats of hosted rerankers.
//
// Cohere v2, Voyage, Jina, Mixedbread and text-embeddings-inference ("tei"): a query and texts go
// out, an index and a score for each text come back.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tamis/remote/error.hpp>
#include <tamis/remote/http.hpp>

namespace tamis {

enum class RerankDialect { cohere, voyage, jina, mixedbread, tei };

/// What is known of a service; every value can be overridden by HostedOptions.
struct RerankService {
  std::string_view name;  ///< "cohere"
  RerankDialect dialect = RerankDialect::cohere;
  std::string_view base_url;      ///< empty: the caller names it
  std::string_view path;          ///< after the base URL
  std::string_view key_variable;  ///< of the environment
  bool needs_key = false;
  std::string_view model;         ///< when the caller names none; empty: the server has one model
  std::size_t max_documents = 0;  ///< of one request
  /// Of one request, the query counted for each document; 0: no limit.
  std::size_t max_tokens = 0;
  /// Options that its format has a place for.
  bool takes_instruction = false;
  bool takes_max_tokens_per_document = false;
  bool takes_truncate = false;
};

/// All that are known.
[[nodiscard]] std::span<const RerankService> rerank_services();

/// Throws InvalidArgument for an unknown name, with those that are known.
[[nodiscard]] const RerankService& rerank_service(std::string_view name);

/// Of one request to that model; 0: no limit. Older models take less than the service's others.
[[nodiscard]] std::size_t max_tokens_of(const RerankService& service, std::string_view model);

struct RerankQuestion {
  std::string_view model;
  std::string_view query;
  std::span<const std::string_view> texts;
  std::string_view instruction;                        ///< Voyage 2.5: goes before the query
  std::optional<std::size_t> max_tokens_per_document;  ///< Cohere
  bool truncate = true;  ///< false: the service refuses what it would cut (Voyage, Jina, TEI)
};

/// Invalid UTF-8 is sent as U+FFFD. Throws RemoteError when a `deadline` passes while it is
/// written.
[[nodiscard]] std::string rerank_body(RerankDialect dialect, const RerankQuestion& question,
                                      const Deadline* deadline = nullptr);

/// What services say that they billed.
struct RerankBill {
  std::size_t tokens = 0;
  double searches = 0;  ///< search units (Cohere)
};

/// Scores for `count` texts. What was billed is added to `bill`, for scores that cannot be used
/// too. Throws RemoteError when the body is not what the dialect says: no JSON, an index outside or
/// twice, a text without a score, a score that is not finite; a `deadline` that passes while it is
/// read.
[[nodiscard]] std::vector<float> parse_rerank_answer(RerankDialect dialect, std::string_view body,
                                                     std::size_t count, RerankBill& bill,
                                                     const Deadline* deadline = nullptr);

/// What a response with an error status says, in words: services put it under different names.
/// Without `secrets`, which services quote.
[[nodiscard]] std::string service_message(std::string_view body,
                                          std::span<const std::string> secrets = {});

/// The error that a response stands for; nothing for a success.
[[nodiscard]] std::optional<RemoteError> error_of(std::string_view service,
                                                  const HttpResponse& response,
                                                  std::span<const std::string> secrets = {});

}  // namespace tamis
