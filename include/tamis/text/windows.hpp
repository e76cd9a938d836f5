// tamis/text/windows.hpp: a document that is too long, as overlapping windows that are not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <tamis/error.hpp>
#include <tamis/text/pair_encoder.hpp>

namespace tamis {

struct WindowOptions {
  std::optional<std::size_t> stride;  ///< tokens from one window's begin to the next; default half
};

/// The query with tokens [begin, end) of the document.
struct Window {
  EncodedPair pair;
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// One window when the document fits, else windows that together cover all of it; the last one ends
/// where the document ends and is as long as the others. The query is cut to half the room at most,
/// so that a long query leaves windows of a useful size. `max_document_tokens` cuts the document
/// before, at the end that the template says. Throws InvalidArgument when no document token fits
/// beside the query, or stride is 0.
[[nodiscard]] inline std::vector<Window> split_windows(const PairTemplate& around,
                                                       std::span<const TokenId> query,
                                                       std::span<const TokenId> document,
                                                       const PairLimits& limits,
                                                       const WindowOptions& options = {}) {
  const std::size_t special = around.special_tokens();
  const std::size_t room = limits.max_length > special ? limits.max_length - special : 0;
  const std::size_t kept =
      std::min(document.size(), limits.max_document_tokens.value_or(document.size()));
  const std::size_t first = around.cut_begin ? document.size() - kept : 0;
  document = document.subspan(first, kept);
  PairLimits window_limits = limits;
  std::size_t query_size = std::min(query.size(), limits.max_query_tokens.value_or(query.size()));
  if (query_size + document.size() > room) query_size = std::min(query_size, room / 2);
  window_limits.max_query_tokens = query_size;
  if (query_size + document.size() <= room) {
    std::vector<Window> whole;
    whole.push_back({encode_pair(around, query, document, window_limits), first, first + kept});
    return whole;
  }
  const std::size_t size = room - query_size;
  const std::size_t stride = options.stride.value_or(std::max<std::size_t>(1, size / 2));
  if (size == 0 || stride == 0) {
    raise<InvalidArgument>(
        "windows need room for a document token and a stride of at least 1 "
        "(room {}, stride {})",
        size, stride);
  }
  std::vector<Window> windows;
  for (std::size_t begin = 0;; begin += std::min(stride, size)) {
    begin = std::min(begin, document.size() - size);
    windows.push_back({encode_pair(around, query, document.subspan(begin, size), window_limits),
                       first + begin, first + begin + size});
    if (begin + size == document.size()) return windows;
  }
}

}  // namespace tamis
