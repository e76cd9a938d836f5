// text/bpe.cpp
#include "text/bpe.hpp"

#include <algorithm>

#include <tamis/error.hpp>
#include <tamis/text/utf8.hpp>

#include "text/byte_pieces.hpp"

namespace tamis {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;

void append(PieceScratch& scratch, TokenId id, std::uint32_t begin, std::uint32_t end) {
  const auto index = static_cast<std::uint32_t>(scratch.symbols.size());
  // The first one's previous wraps to kNone.
  scratch.symbols.push_back({id, begin, end, index - 1, index + 1});
}

}  // namespace

Bpe::Bpe(const BpeOptions& options)
    : merges_(options.merges.size()),
      unknown_(options.unknown),
      fuse_unknown_(options.fuse_unknown),
      byte_fallback_(options.byte_fallback),
      single_bytes_(options.single_bytes) {
  std::vector<std::pair<std::string_view, std::int32_t>> entries;
  for (std::size_t id = 0; id < options.vocab.size(); ++id) {
    if (options.vocab[id].empty()) continue;
    entries.emplace_back(options.vocab[id], static_cast<std::int32_t>(id));
  }
  trie_ = ByteTrie(std::move(entries));
  bytes_ = byte_pieces(trie_);
  const auto id_of = [&](const std::string& piece) {
    const std::int32_t id = trie_.find(piece);
    if (id == ByteTrie::kNoValue) {
      raise<TokenizerError>("a merge names '{}', which the vocabulary has not", piece);
    }
    return id;
  };
  for (std::size_t rank = 0; rank < options.merges.size(); ++rank) {
    const auto& [left, right] = options.merges[rank];
    merges_.insert(
        {id_of(left), id_of(right), static_cast<std::uint32_t>(rank), id_of(left + right)});
  }
  find_whole_words(options);
}

void Bpe::find_whole_words(const BpeOptions& options) {
  whole_.assign(options.vocab.size(), false);
  PieceScratch scratch;
  for (std::size_t id = 0; id < options.vocab.size(); ++id) {
    const std::string& piece = options.vocab[id];
    if (trie_.find(piece) != static_cast<std::int32_t>(id)) continue;
    merge(piece, scratch);
    whole_[id] = options.ignore_merges ||
                 (scratch.pieces.size() == 1 && scratch.pieces[0].id == static_cast<TokenId>(id));
  }
}

bool Bpe::put_bytes(std::string_view word, std::uint32_t begin, std::uint32_t end,
                    PieceScratch& scratch) const {
  if (!byte_fallback_) return false;
  const auto id = [&](std::uint32_t at) { return bytes_[static_cast<unsigned char>(word[at])]; };
  for (std::uint32_t at = begin; at < end; ++at) {
    if (id(at) < 0) return false;
  }
  for (std::uint32_t at = begin; at < end; ++at) append(scratch, id(at), at, at + 1);
  return true;
}

void Bpe::make_symbols(std::string_view word, PieceScratch& scratch) const {
  scratch.symbols.clear();
  std::uint32_t unknown_begin = kNone;  // of a run that ends at the next known character
  std::uint32_t unknown_end = 0;
  const auto end_unknown = [&] {
    if (unknown_begin != kNone) append(scratch, *unknown_, unknown_begin, unknown_end);
    unknown_begin = kNone;
  };
  for (std::uint32_t at = 0; at < word.size();) {
    const auto lead = static_cast<unsigned char>(word[at]);
    const std::uint32_t end = at + (single_bytes_ ? 1U : utf8_size(lead));
    if (const std::int32_t id = trie_.find(word.substr(at, end - at)); id != ByteTrie::kNoValue) {
      end_unknown();
      append(scratch, id, at, end);
    } else if (!put_bytes(word, at, end, scratch) && unknown_) {
      // Bytes do not end a run, in `tokenizers` either.
      if (!fuse_unknown_) end_unknown();
      if (unknown_begin == kNone) unknown_begin = at;
      unknown_end = end;
    }
    at = end;
  }
  end_unknown();
  if (!scratch.symbols.empty()) scratch.symbols.back().next = kNone;
}

void Bpe::merge(std::string_view word, PieceScratch& scratch) const {
  make_symbols(word, scratch);
  auto& symbols = scratch.symbols;
  auto& heap = scratch.candidates;
  heap.clear();
  const auto offer = [&](std::uint32_t at) {
    if (at == kNone || symbols[at].next == kNone) return;
    if (const auto* found = merges_.find(symbols[at].id, symbols[symbols[at].next].id)) {
      heap.push_back({found->rank, at, found->id});
      std::push_heap(heap.begin(), heap.end());
    }
  };
  for (std::uint32_t at = 0; at < symbols.size(); ++at) offer(at);
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const auto top = heap.back();
    heap.pop_back();
    auto& left = symbols[top.at];
    if (left.begin == left.end || left.next == kNone) continue;
    auto& right = symbols[left.next];
    const auto* found = merges_.find(left.id, right.id);
    if (found == nullptr || found->id != top.id) continue;  // a neighbour has changed since
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

void Bpe::split(std::string_view word, PieceScratch& scratch) const {
  const std::int32_t id = trie_.find(word);
  if (id == ByteTrie::kNoValue || !whole_[static_cast<std::size_t>(id)]) {
    merge(word, scratch);
    return;
  }
  scratch.pieces.clear();
  scratch.pieces.push_back({id, 0, static_cast<std::uint32_t>(word.size())});
}

}  // namespace tamis
