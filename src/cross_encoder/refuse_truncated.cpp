// cross_encoder/refuse_truncated.cpp
#include "cross_encoder/refuse_truncated.hpp"

#include <string>

#include <tamis/error.hpp>

namespace tamis {
namespace {

/// The limits that a pair met: "the limits of 20 for a query, 512 for a pair".
std::string met(const EncodedPair& pair, const PairLimits& limits) {
  std::string found;
  const auto add = [&](std::size_t limit, const char* what) {
    found += fmt::format("{}{} tokens for a {}", found.empty() ? "" : ", ", limit, what);
  };
  if (pair.query_tokens_cut > 0 && limits.max_query_tokens) add(*limits.max_query_tokens, "query");
  if (pair.document_tokens_cut > 0 && limits.max_document_tokens) {
    add(*limits.max_document_tokens, "document");
  }
  if (found.empty() || pair.size() >= limits.max_length) add(limits.max_length, "pair");
  return found;
}

[[noreturn]] void refuse(const EncodedPair& pair, std::size_t index, const PairLimits& limits) {
  const std::size_t cut = std::size_t{pair.query_tokens_cut} + pair.document_tokens_cut;
  raise<TruncationError>(
      "pair {} has {} tokens, {} too many ({} of the query, {} of the document) for the limit of "
      "{}; shorten it, or ask for truncation or windows",
      index, pair.size() + cut, cut, pair.query_tokens_cut, pair.document_tokens_cut,
      met(pair, limits));
}

}  // namespace

void refuse_truncated(const EncodedGroup& group, std::size_t begin,
                      std::span<const std::uint32_t> index_of, const PairLimits& limits) {
  for (std::size_t i = 0; i < index_of.size(); ++i) {
    if (index_of[i] < begin || index_of[i] - begin >= group.sequences.size()) continue;
    const EncodedPair& pair = group.sequences[index_of[i] - begin];
    if (pair.truncated()) refuse(pair, i, limits);
  }
}

}  // namespace tamis
