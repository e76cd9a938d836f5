// text/bpe.cpp
#include "text/bpe.hpp"

#include <queue>

#include <tamis/error.hpp>

namespace tamis {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;

struct Symbol {
  TokenId id;
  std::uint32_t begin;
  std::uint32_t end;  // equal to begin once it is merged into its left neighbour
  std::uint32_t previous;
  std::uint32_t next;
};

struct Candidate {
  std::uint32_t rank;
  std::uint32_t at;
  TokenId id;

  // The queue's top is the lowest rank, and of equal ones the leftmost.
  bool operator<(const Candidate& other) const noexcept {
    return rank != other.rank ? rank > other.rank : at > other.at;
  }
};

std::uint64_t key(TokenId left, TokenId right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32U |
         static_cast<std::uint32_t>(right);
}

}  // namespace

Bpe::Bpe(const std::vector<std::string>& vocab,
         const std::vector<std::pair<std::string, std::string>>& merges, TokenId unknown)
    : unknown_(unknown) {
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  for (std::size_t id = 0; id < vocab.size(); ++id) {
    if (!vocab[id].empty()) entries.emplace_back(vocab[id], static_cast<std::int32_t>(id));
  }
  trie_ = ByteTrie(std::move(entries));
  merges_.reserve(merges.size());
  const auto id_of = [&](const std::string& piece) {
    const std::int32_t id = trie_.find(piece);
    if (id == ByteTrie::kNoValue) {
      raise<TokenizerError>("a merge names '{}', which the vocabulary has not", piece);
    }
    return id;
  };
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    const auto& [left, right] = merges[rank];
    merges_[key(id_of(left), id_of(right))] = {static_cast<std::uint32_t>(rank),
                                               id_of(left + right)};
  }
}

const Bpe::Merge* Bpe::find(TokenId left, TokenId right) const noexcept {
  const auto found = merges_.find(key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

void Bpe::split(std::string_view word, UnigramScratch& scratch) const {
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (std::uint32_t at = 0; at < word.size();) {
    const auto lead = static_cast<unsigned char>(word[at]);
    const std::uint32_t end = at + (lead < 0x80 ? 1U : lead < 0xE0 ? 2U : lead < 0xF0 ? 3U : 4U);
    const std::int32_t id = trie_.find(word.substr(at, end - at));
    if (id == ByteTrie::kNoValue && !symbols.empty() && symbols.back().id == unknown_) {
      symbols.back().end = end;
    } else {
      const auto index = static_cast<std::uint32_t>(symbols.size());
      symbols.push_back({id == ByteTrie::kNoValue ? unknown_ : id, at, end, index - 1, index + 1});
    }
    at = end;
  }
  if (!symbols.empty()) symbols.back().next = kNone;  // the first one's previous wrapped to kNone
  std::priority_queue<Candidate> queue;
  const auto offer = [&](std::uint32_t at) {
    if (at == kNone || symbols[at].next == kNone) return;
    if (const Merge* merge = find(symbols[at].id, symbols[symbols[at].next].id)) {
      queue.push({merge->rank, at, merge->id});
    }
  };
  for (std::uint32_t at = 0; at < symbols.size(); ++at) offer(at);
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol& left = symbols[top.at];
    if (left.begin == left.end || left.next == kNone) continue;
    Symbol& right = symbols[left.next];
    const Merge* merge = find(left.id, right.id);
    if (merge == nullptr || merge->id != top.id) continue;  // a neighbour has changed since
    left.id = top.id;
    left.end = right.end;
    right.begin = right.end;
    left.next = right.next;
    if (right.next != kNone) symbols[right.next].previous = top.at;
    offer(left.previous);
    offer(top.at);
  }
  scratch.pieces.clear();
  for (std::uint32_t at = symbols.empty() ? kNone : 0; at != kNone; at = symbols[at].next) {
    scratch.pieces.push_back({symbols[at].id, symbols[at].begin, symbols[at].end});
  }
}

}  // namespace tamis
