// tamis/batch/padded.hpp: a packed batch as the rectangle that traced models take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <tamis/batch/packed.hpp>

namespace tamis {

/// Row-major [pairs, length]; `attention_mask` is 1 on tokens and 0 on padding.
struct PaddedBatch {
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> type_ids;
  std::vector<std::int64_t> attention_mask;
  std::size_t pairs = 0;
  std::size_t length = 0;
};

[[nodiscard]] inline PaddedBatch pad(const PackedBatch& batch, TokenId pad_id) {
  PaddedBatch padded;
  padded.pairs = batch.pairs();
  padded.length = static_cast<std::size_t>(batch.max_seqlen);
  const std::size_t cells = padded.pairs * padded.length;
  padded.ids.assign(cells, pad_id);
  padded.type_ids.assign(cells, 0);
  padded.attention_mask.assign(cells, 0);
  for (std::size_t pair = 0; pair < padded.pairs; ++pair) {
    const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
    const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
    const std::size_t row = pair * padded.length;
    for (std::size_t token = begin; token < end; ++token) {
      const std::size_t cell = row + token - begin;
      padded.ids[cell] = batch.ids[token];
      padded.type_ids[cell] = batch.type_ids[token];
      padded.attention_mask[cell] = 1;
    }
  }
  return padded;
}

}  // namespace tamis
