// late_interaction/passages.cpp
#include <tamis/error.hpp>
#include <tamis/late_interaction.hpp>

#include "late_interaction/passage_contents.hpp"
#include "late_interaction/token_rows.hpp"

namespace tamis {

Passages::Passages() : contents_(std::make_shared<const Contents>()) {}

std::size_t Passages::size() const { return contents_->passages.size(); }

std::size_t Passages::width() const { return contents_->width; }

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

std::vector<float> Passages::means() const {
  const std::size_t width = contents_->width;
  std::vector<float> values(size() * width);
  for (std::size_t i = 0; i < size(); ++i) {
    read_row(contents_->passages[i].rows.get(), width, values.data() + i * width);
  }
  return values;
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
