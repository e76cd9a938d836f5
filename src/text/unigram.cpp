// text/unigram.cpp
#include "text/unigram.hpp"

#include <algorithm>

#include "text/utf8.hpp"

namespace tamis {

Unigram::Unigram(const std::vector<std::pair<std::string, double>>& pieces, TokenId unknown)
    : unknown_(unknown) {
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  entries.reserve(pieces.size());
  scores_.reserve(pieces.size());
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t id = 0; id < pieces.size(); ++id) {
    const auto& [piece, score] = pieces[id];
    scores_.push_back(score);
    least = std::min(least, score);
    if (!piece.empty()) entries.emplace_back(piece, static_cast<std::int32_t>(id));
  }
  constexpr double kUnknownPenalty = 10.0;  // as in sentencepiece
  unknown_score_ = least - kUnknownPenalty;
  trie_ = ByteTrie(std::move(entries));
}

void Unigram::split(std::string_view word, UnigramScratch& scratch) const {
  auto& nodes = scratch.nodes;
  nodes.assign(word.size() + 1, {});
  // Viterbi: nodes[i] is the best way to read the first i bytes. Of equal ways the first stays.
  const auto offer = [&](std::size_t begin, std::size_t end, TokenId id, double score) {
    UnigramScratch::Node& node = nodes[end];
    if (node.id < 0 || score > node.score) node = {score, static_cast<std::uint32_t>(begin), id};
  };
  for (std::size_t begin = 0; begin < word.size();) {
    const auto lead = static_cast<unsigned char>(word[begin]);
    const std::size_t size = lead < 0x80 ? 1U : lead < 0xE0 ? 2U : lead < 0xF0 ? 3U : 4U;
    const double so_far = nodes[begin].score;
    bool has_single = false;
    std::uint32_t trie_node = ByteTrie::kRoot;
    for (std::size_t end = begin; end < word.size();) {
      trie_node = trie_.step(trie_node, static_cast<unsigned char>(word[end]));
      if (trie_node == ByteTrie::kNowhere) break;
      ++end;
      const std::int32_t id = trie_.value(trie_node);
      if (id == ByteTrie::kNoValue) continue;
      offer(begin, end, id, scores_[static_cast<std::size_t>(id)] + so_far);
      has_single |= end - begin == size;
    }
    if (!has_single) offer(begin, begin + size, unknown_, unknown_score_ + so_far);
    begin += size;
  }
  auto& pieces = scratch.pieces;
  pieces.clear();
  for (auto end = static_cast<std::uint32_t>(word.size()); end > 0;) {
    const UnigramScratch::Node& node = nodes[end];
    if (node.id == unknown_ && !pieces.empty() && pieces.back().id == unknown_) {
      pieces.back().begin = node.begin;
    } else {
      pieces.push_back({node.id, node.begin, end});
    }
    end = node.begin;
  }
  std::reverse(pieces.begin(), pieces.end());
}

}  // namespace tamis
