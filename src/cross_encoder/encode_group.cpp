// cross_encoder/encode_group.cpp
#include "cross_encoder/encode_group.hpp"

#include <string_view>
#include <unordered_map>
#include <utility>

#include <tamis/error.hpp>
#include <tamis/text/windows.hpp>

#include "parallel/parallel_for.hpp"

namespace tamis {
namespace {

/// The different texts of a group and their tokens.
class TokenizedTexts {
 public:
  void add(std::string_view text) {
    if (index_of_.emplace(text, texts_.size()).second) texts_.push_back(text);
  }
  void tokenize(const AnyTokenizer& tokenizer, bool with_spans) {
    tokens_.resize(texts_.size());
    parallel_for(texts_.size(),
                 [&](std::size_t i) { tokens_[i] = tokenizer.tokenize(texts_[i], with_spans); });
  }
  [[nodiscard]] const Tokens& operator[](std::string_view text) const {
    return tokens_[index_of_.at(text)];
  }

 private:
  std::unordered_map<std::string_view, std::size_t> index_of_;
  std::vector<std::string_view> texts_;
  std::vector<Tokens> tokens_;
};

/// Bytes of the document that tokens [begin, end) came from.
Span text_span(const Tokens& document, std::size_t begin, std::size_t end) {
  if (begin >= end) return {};
  return {document.spans[begin].begin, document.spans[end - 1].end};
}

void add_pair(EncodedGroup& group, EncodedPair pair, std::uint32_t owner) {
  group.query_tokens_cut.push_back(pair.query_tokens_cut);
  group.document_tokens_cut.push_back(pair.document_tokens_cut);
  group.sequences.push_back(std::move(pair));
  group.owner.push_back(owner);
}

void add_windows(EncodedGroup& group, const PairTemplate& pair_template, const Tokens& query,
                 const Tokens& document, std::uint32_t owner, const PairLimits& limits,
                 const WindowOptions& options) {
  std::vector<Window> windows =
      split_windows(pair_template, query.ids, document.ids, limits, options);
  group.query_tokens_cut.push_back(windows.front().pair.query_tokens_cut);
  group.document_tokens_cut.push_back(
      static_cast<std::uint32_t>(windows.front().begin + document.ids.size() - windows.back().end));
  for (Window& window : windows) {
    group.spans.push_back(text_span(document, window.begin, window.end));
    group.sequences.push_back(std::move(window.pair));
    group.owner.push_back(owner);
  }
}

}  // namespace

EncodedGroup encode_group(const AnyTokenizer& tokenizer, const PairTemplate& around,
                          std::span<const TextPair> pairs, const PairLimits& limits,
                          const PredictOptions& options,
                          const std::function<std::size_t(std::size_t)>& place_of) {
  const bool windowed = options.on_truncation == OnTruncation::window;
  TokenizedTexts queries;
  TokenizedTexts documents;
  for (const TextPair& pair : pairs) {
    queries.add(pair.query);
    documents.add(pair.document);
  }
  queries.tokenize(tokenizer, false);
  documents.tokenize(tokenizer, windowed);

  EncodedGroup group;
  const WindowOptions window_options{.stride = options.window_stride};
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const Tokens& query = queries[pairs[i].query];
    const Tokens& document = documents[pairs[i].document];
    const auto owner = static_cast<std::uint32_t>(i);
    if (windowed) {
      add_windows(group, around, query, document, owner, limits, window_options);
      continue;
    }
    try {
      add_pair(group, encode_pair(around, query.ids, document.ids, limits), owner);
    } catch (const InvalidArgument& error) {
      raise<InvalidArgument>("pair {}: {}", place_of(i), error.what());
    }
  }
  return group;
}

}  // namespace tamis
