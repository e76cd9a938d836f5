// late_interaction/query.cpp
#include "late_interaction/query.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include <tamis/error.hpp>

#include "late_interaction/read_texts.hpp"
#include "late_interaction/text_sequence.hpp"
#include "late_interaction/token_rows.hpp"
#include "late_interaction/unique_texts.hpp"
#include "score/engine/interaction.hpp"

namespace tamis {
namespace {

/// Of the compared tokens, of sum 1.
std::vector<double> token_shares(const engine::EncoderWeights& weights,
                                 std::span<const float> states) {
  std::vector<double> found = engine::token_weights(weights, states);
  const double total = std::max(std::accumulate(found.begin(), found.end(), 0.0), 1e-12);
  for (double& weight : found) weight /= total;
  return found;
}

/// Null when a state is NaN or infinite.
QueryHandle read_query(const LateInteractionParts& parts, const EncodedPair& sequence,
                       std::span<const float> states) {
  const engine::EncoderWeights& weights = parts.weights();
  const std::size_t width = parts.width();
  const std::vector<float> rows = compared_rows(parts, Side::query, sequence.ids, states);
  if (rows.empty()) return nullptr;
  auto query = std::make_shared<EncodedQuery>();
  query->tokens_cut = sequence.document_tokens_cut;
  query->vectors = engine::make_linear(*weights.attention, rows, {}, rows.size() / width, width);
  if (parts.colbert) {  // a sum, not a mean
    query->weight.assign(sequence.size(), 1.0);
  } else {
    query->weight = token_shares(weights, states);
    query->head = engine::head_of(weights, states);
  }
  return query;
}

/// Up to ColBERT's length. Returns how many tokens of it the others do not see.
std::uint32_t fill_up(const Colbert& colbert, EncodedPair& query) {
  const std::size_t tokens = query.size();
  if (!colbert.filler || tokens >= colbert.query.length) return 0;
  query.ids.resize(colbert.query.length, *colbert.filler);
  query.type_ids.resize(colbert.query.length, 0);
  return colbert.attend_to_filler ? 0 : static_cast<std::uint32_t>(colbert.query.length - tokens);
}

class Encoding {
 public:
  Encoding(const LateInteractionParts& parts, std::span<const std::string_view> queries,
           const ReadOptions& options)
      : parts_(parts), options_(options), unique_(queries), found_(unique_.texts.size()) {}

  std::vector<QueryHandle> run() {
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      found_[i] = parts_.queries->find(unique_.texts[i]).value_or(nullptr);
      if (!found_[i]) missing.push_back(i);
    }
    if (!missing.empty()) read(missing);
    for (std::size_t i = 0; i < found_.size(); ++i) refuse(i, found_[i]->tokens_cut);
    std::vector<QueryHandle> all;
    for (const std::size_t index : unique_.index_of) all.push_back(found_[index]);
    return all;
  }

 private:
  void refuse(std::size_t index, std::uint32_t tokens_cut) const {
    if (options_.on_truncation != OnTruncation::error) return;
    const bool alone = unique_.index_of.size() == 1;
    refuse_cut(tokens_cut, length_limit(parts_, Side::query),
               alone ? "the query" : fmt::format("query {}", unique_.first[index]));
  }

  void read(std::span<const std::size_t> missing) {
    std::vector<std::string_view> texts;
    for (const std::size_t index : missing) texts.push_back(unique_.texts[index]);
    std::vector<EncodedPair> sequences = sequences_of(parts_, Side::query, texts);
    std::vector<std::uint32_t> unseen;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      refuse(missing[i], sequences[i].document_tokens_cut);
      if (parts_.colbert) unseen.push_back(fill_up(*parts_.colbert, sequences[i]));
    }
    const auto read_one = [&](std::size_t i, std::span<const float> states) {
      found_[missing[i]] = read_query(parts_, sequences[i], states);
    };
    read_sequences(parts_, sequences, options_, {}, read_one, unseen);
    require_finite(missing);
    for (const std::size_t index : missing) {
      const EncodedQuery& query = *found_[index];
      const engine::Linear& vectors = query.vectors;
      const std::size_t bytes =
          engine::packed_bytes(*vectors.product, vectors.outputs, vectors.inputs) +
          query.weight.size() * sizeof(double);
      parts_.queries->keep(unique_.texts[index], found_[index], bytes);
    }
  }

  void require_finite(std::span<const std::size_t> missing) const {
    std::vector<std::size_t> bad;
    for (const std::size_t index : missing) {
      if (!found_[index]) bad.push_back(unique_.first[index]);
    }
    refuse_non_finite(bad, unique_.index_of.size(), Side::query);
  }

  const LateInteractionParts& parts_;
  const ReadOptions& options_;
  UniqueTexts unique_;
  std::vector<QueryHandle> found_;  // [unique texts]
};

}  // namespace

std::vector<QueryHandle> encode_queries(const LateInteractionParts& parts,
                                        std::span<const std::string_view> queries,
                                        const ReadOptions& options) {
  if (options.cancel && options.cancel->cancelled()) throw Cancelled("scoring was cancelled");
  return Encoding(parts, queries, options).run();
}

}  // namespace tamis
