// tamis/text/pair_encoder.hpp: a query's and a document's tokens -> what the model reads.
//
//   tamis::EncodedPair pair = tamis::encode_pair(tokenizer.pair_template(), query.ids,
//   document.ids,
//                                                {.max_length = 512});
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/text/encoded_pair.hpp>
#include <tamis/text/pair_template.hpp>

namespace tamis {

/// Which side loses tokens when a pair is too long; the rules are those of Hugging Face
/// `tokenizers`
/// (`truncate_encodings`). Tokens leave at the end of a side, or where the template says.
enum class Truncation {
  longest_first,  ///< the longer side first, until both have half
  only_second,    ///< the document only
  only_first,     ///< the query only
};

struct PairLimits {
  std::size_t max_length = 512;                    ///< of the pair, special tokens included
  std::optional<std::size_t> max_query_tokens;     ///< applied first
  std::optional<std::size_t> max_document_tokens;  ///< applied first
  Truncation truncation = Truncation::longest_first;
};

namespace detail {

/// Tokens kept of the query and of the document.
using Kept = std::pair<std::size_t, std::size_t>;

inline Kept keep_longest_first(std::size_t query, std::size_t document, std::size_t room) {
  const bool swapped = query > document;
  std::size_t shorter = std::min(query, document);
  std::size_t longer = std::max(query, document);
  longer = shorter > room ? shorter : std::max(shorter, room - shorter);
  if (shorter + longer > room) {
    shorter = room / 2;
    longer = shorter + room % 2;
  }
  return swapped ? Kept{longer, shorter} : Kept{shorter, longer};
}

inline Kept keep_tokens(std::size_t query, std::size_t document, std::size_t room,
                        Truncation truncation) {
  if (query + document <= room) return {query, document};
  if (room == 0) return {0, 0};  // whatever may be cut, as there
  if (truncation == Truncation::longest_first) return keep_longest_first(query, document, room);
  const bool cut_document = truncation == Truncation::only_second;
  const std::size_t other = cut_document ? query : document;
  if (other >= room) {
    raise<InvalidArgument>(
        "the {} alone has {} tokens and {} fit, so cutting only the {} cannot help; use "
        "longest_first or limit the {}'s tokens",
        cut_document ? "query" : "document", other, room, cut_document ? "document" : "query",
        cut_document ? "query" : "document");
  }
  return cut_document ? Kept{query, room - query} : Kept{room - document, document};
}

/// `size` tokens of a side.
inline std::span<const TokenId> cut(std::span<const TokenId> ids, std::size_t size,
                                    const PairTemplate& around) {
  return around.cut_begin ? ids.last(size) : ids.first(size);
}

inline void append(EncodedPair& pair, std::span<const TemplateToken> special) {
  for (const TemplateToken& token : special) {
    pair.ids.push_back(token.id);
    pair.type_ids.push_back(token.type);
  }
}

inline void append(EncodedPair& pair, std::span<const TokenId> ids, std::uint8_t type) {
  pair.ids.insert(pair.ids.end(), ids.begin(), ids.end());
  pair.type_ids.insert(pair.type_ids.end(), ids.size(), type);
}

}  // namespace detail

/// Throws InvalidArgument when `max_length` leaves no room for the special tokens, or when the one
/// side that may be cut is too short to make the pair fit (Hugging Face raises there too).
[[nodiscard]] inline EncodedPair encode_pair(const PairTemplate& around,
                                             std::span<const TokenId> query,
                                             std::span<const TokenId> document,
                                             const PairLimits& limits) {
  if (limits.max_length < around.special_tokens()) {
    raise<InvalidArgument>("max_length is {}, but {} special tokens stand around a pair",
                           limits.max_length, around.special_tokens());
  }
  const std::size_t first = std::min(query.size(), limits.max_query_tokens.value_or(query.size()));
  const std::size_t second =
      std::min(document.size(), limits.max_document_tokens.value_or(document.size()));
  const auto [kept_query, kept_document] = detail::keep_tokens(
      first, second, limits.max_length - around.special_tokens(), limits.truncation);

  EncodedPair pair;
  const std::size_t size = around.special_tokens() + kept_query + kept_document;
  pair.ids.reserve(size);
  pair.type_ids.reserve(size);
  detail::append(pair, around.prefix);
  detail::append(pair, detail::cut(query, kept_query, around), around.query_type);
  detail::append(pair, around.infix);
  pair.document_begin = static_cast<std::uint32_t>(pair.ids.size());
  pair.document_tokens = static_cast<std::uint32_t>(kept_document);
  detail::append(pair, detail::cut(document, kept_document, around), around.document_type);
  detail::append(pair, around.suffix);
  pair.query_tokens_cut = static_cast<std::uint32_t>(query.size() - kept_query);
  pair.document_tokens_cut = static_cast<std::uint32_t>(document.size() - kept_document);
  return pair;
}

}  // namespace tamis
