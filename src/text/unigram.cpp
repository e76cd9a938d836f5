// text/unigram.cpp
#include "text/unigram.hpp"

#include <algorithm>

#include <tamis/text/utf8.hpp>

#include "text/byte_pieces.hpp"

namespace tamis {

Unigram::Unigram(const std::vector<std::pair<std::string, double>>& pieces, TokenId unknown,
                 bool byte_fallback)
    : unknown_(unknown), byte_fallback_(byte_fallback) {
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
  bytes_ = byte_pieces(trie_);
}

void Unigram::replace_unknown(std::string_view word, PieceScratch& scratch) const {
  std::vector<PieceScratch::Piece> pieces;
  const auto id = [&](std::uint32_t at) { return bytes_[static_cast<unsigned char>(word[at])]; };
  for (const PieceScratch::Piece& piece : scratch.pieces) {
    // The unknown piece itself may stand in the text, where normalisation left it.
    bool replaced =
        piece.id == unknown_ && trie_.find(word.substr(piece.begin, piece.end - piece.begin)) < 0;
    for (std::uint32_t at = piece.begin; replaced && at < piece.end; ++at) replaced = id(at) >= 0;
    if (!replaced) pieces.push_back(piece);
    // Each stands for the whole run.
    for (std::uint32_t at = piece.begin; replaced && at < piece.end; ++at) {
      pieces.push_back({id(at), piece.begin, piece.end});
    }
  }
  scratch.pieces = std::move(pieces);
}

void Unigram::split(std::string_view word, PieceScratch& scratch) const {
  auto& nodes = scratch.nodes;
  nodes.assign(word.size() + 1, {});
  // Viterbi: nodes[i] is the best way to read the first i bytes. Of equal ways the first stays.
  const auto offer = [&](std::size_t begin, std::size_t end, TokenId id, double score) {
    PieceScratch::Node& node = nodes[end];
    if (node.id < 0 || score > node.score) node = {score, static_cast<std::uint32_t>(begin), id};
  };
  for (std::size_t begin = 0; begin < word.size();) {
    const std::size_t size = utf8_size(static_cast<unsigned char>(word[begin]));
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
    const PieceScratch::Node& node = nodes[end];
    if (node.id == unknown_ && !pieces.empty() && pieces.back().id == unknown_) {
      pieces.back().begin = node.begin;
    } else {
      pieces.push_back({node.id, node.begin, end});
    }
    end = node.begin;
  }
  std::reverse(pieces.begin(), pieces.end());
  if (byte_fallback_) replace_unknown(word, scratch);
}

}  // namespace tamis
