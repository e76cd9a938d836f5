// late_interaction/passages.cpp
#include <tamis/error.hpp>
#include <tamis/late_interaction.hpp>

#include "late_interaction/passage_contents.hpp"
#include "late_interaction/token_rows.hpp"

namespace tamis {

Passages::Passages() : contents_(std::make_shared<const Contents>()) {}

std::size_t Passages::size() const { return contents_->passages.size(); }

std::size_t Passages::tokens() const {
  std::size_t tokens = 0;
  for (const EncodedPassage& passage : contents_->passages) tokens += passage.count - 1;
  return tokens;
}

std::size_t Passages::bytes() const { return (tokens() + size()) * row_bytes(contents_->width); }

std::vector<std::uint32_t> Passages::tokens_cut() const {
  std::vector<std::uint32_t> cut;
  cut.reserve(size());
  for (const EncodedPassage& passage : contents_->passages) cut.push_back(passage.tokens_cut);
  return cut;
}

Passages Passages::select(std::span<const std::size_t> indices) const {
  auto chosen = std::make_shared<Contents>(Contents{contents_->model, contents_->width, {}});
  chosen->passages.reserve(indices.size());
  for (const std::size_t index : indices) {
    if (index >= size()) {
      raise<InvalidArgument>("passage {} was asked for, there are {}", index, size());
    }
    chosen->passages.push_back(contents_->passages[index]);
  }
  return Passages(std::move(chosen));
}

}  // namespace tamis
