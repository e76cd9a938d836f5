// score/engine/segments.cpp
#include "score/engine/segments.hpp"

#include <string_view>
#include <unordered_map>

#include <tamis/error.hpp>

namespace tamis::engine {
namespace {

class Collector {
 public:
  explicit Collector(std::vector<EncodedPair>& texts) : texts_(texts) {}

  /// The index of tokens [begin, end), which are added when they are new. The batch must stay.
  std::size_t add(const PackedBatch& batch, std::size_t begin, std::size_t end) {
    const std::string_view key(reinterpret_cast<const char*>(batch.ids.data() + begin),
                               (end - begin) * sizeof(TokenId));
    const auto [found, is_new] = index_.try_emplace(key, texts_.size());
    if (is_new) {
      EncodedPair text;
      text.ids.assign(batch.ids.data() + begin, batch.ids.data() + end);
      text.type_ids.assign(batch.type_ids.data() + begin, batch.type_ids.data() + end);
      texts_.push_back(std::move(text));
    }
    return found->second;
  }

 private:
  std::vector<EncodedPair>& texts_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace

PairBounds bounds_of(const PackedBatch& batch, std::size_t pair) {
  const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
  const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
  std::size_t middle = begin;
  while (middle < end && batch.type_ids[middle] == batch.type_ids[begin]) ++middle;
  if (middle == begin || middle == end) {
    raise<InvalidArgument>("pair {} of the batch has one segment; this model needs two", pair);
  }
  return {begin, middle, end};
}

Segments segments_of(std::span<const PackedBatch> batches) {
  Segments found;
  // Apart: a text has another type as a query than as a document.
  Collector queries(found.texts);
  Collector documents(found.texts);
  for (const PackedBatch& batch : batches) {
    for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
      const PairBounds at = bounds_of(batch, pair);
      const std::size_t query = queries.add(batch, at.begin, at.middle);
      found.pairs.push_back({query, documents.add(batch, at.middle, at.end)});
    }
  }
  return found;
}

}  // namespace tamis::engine
