// tamis/batch/packed.hpp: several pairs laid end to end, with no padding between them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tamis/text/encoded_pair.hpp>

namespace tamis {

/// The value that leaves the step tokens -> micro-batches.
struct PackedBatch {
  std::vector<TokenId> ids;              ///< [tokens]
  std::vector<std::uint8_t> type_ids;    ///< [tokens]
  std::vector<std::int32_t> cu_seqlens;  ///< [pairs + 1], first 0, last `tokens`
  std::int32_t max_seqlen = 0;
  std::vector<std::uint32_t> rows;  ///< [pairs], index into the encoded pairs that were packed
  /// [pairs]: so many of a pair's last tokens see the others and are seen by none, themselves not
  /// excepted; empty: every token is seen. Only the CPU engine reads it.
  std::vector<std::uint32_t> unseen;

  [[nodiscard]] std::size_t pairs() const noexcept { return rows.size(); }
  [[nodiscard]] std::size_t tokens() const noexcept { return ids.size(); }
};

/// Lays `pairs[rows[0]], pairs[rows[1]], ...` end to end.
[[nodiscard]] inline PackedBatch pack(std::span<const EncodedPair> pairs,
                                      std::span<const std::uint32_t> rows) {
  PackedBatch batch;
  std::size_t tokens = 0;
  for (const std::uint32_t row : rows) tokens += pairs[row].size();
  batch.ids.reserve(tokens);
  batch.type_ids.reserve(tokens);
  batch.cu_seqlens.reserve(rows.size() + 1);
  batch.cu_seqlens.push_back(0);
  batch.rows.assign(rows.begin(), rows.end());
  for (const std::uint32_t row : rows) {
    const EncodedPair& pair = pairs[row];
    batch.ids.insert(batch.ids.end(), pair.ids.begin(), pair.ids.end());
    batch.type_ids.insert(batch.type_ids.end(), pair.type_ids.begin(), pair.type_ids.end());
    batch.cu_seqlens.push_back(static_cast<std::int32_t>(batch.ids.size()));
    batch.max_seqlen = std::max(batch.max_seqlen, static_cast<std::int32_t>(pair.size()));
  }
  return batch;
}

}  // namespace tamis
