// score/torch/pair_list.cpp: views -> pairs, and where to cut them.
#include "score/torch/pair_list.hpp"

#include <algorithm>

#include <tamis/error.hpp>

namespace tamis {

std::vector<PairRef> list_pairs(std::span<const PackedView> views, const ProgramSpec& spec) {
  std::vector<PairRef> pairs;
  for (const PackedView& view : views) {
    for (std::size_t i = 0; i < view.pairs; ++i) {
      const std::int32_t begin = view.cu_seqlens[i];
      const std::int32_t end = view.cu_seqlens[i + 1];
      if (begin < 0 || end <= begin || static_cast<std::size_t>(end) > view.tokens) {
        raise<InvalidArgument>("pair {} has tokens {} to {} of a batch of {}; no pair may be empty",
                               pairs.size(), begin, end, view.tokens);
      }
      const auto length = static_cast<std::size_t>(end - begin);
      if (spec.max_length != 0 && length > spec.max_length) {
        raise<InvalidArgument>("pair {} has {} tokens, this model reads at most {}", pairs.size(),
                               length, spec.max_length);
      }
      const TokenId* ids = view.ids + begin;
      const auto [least, most] = std::minmax_element(ids, ids + length);
      if (*least < 0 ||
          (spec.vocab_size != 0 && static_cast<std::size_t>(*most) >= spec.vocab_size)) {
        raise<InvalidArgument>("pair {} has token id {}, this model's vocabulary holds {}",
                               pairs.size(), *least < 0 ? *least : *most, spec.vocab_size);
      }
      pairs.push_back({ids, view.type_ids + begin, length});
    }
  }
  return pairs;
}

std::size_t fitting(std::span<const PairRef> pairs, Convention convention, std::size_t max_tokens) {
  std::size_t sum = 0;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    sum += pairs[i].length;
    longest = std::max(longest, pairs[i].length);
    const std::size_t cost = convention == Convention::packed ? sum : longest * (i + 1);
    if (i > 0 && cost > max_tokens) return i;
  }
  return pairs.size();
}

}  // namespace tamis
