// late_interaction/embed.cpp: one vector for each text, for a nearest-neighbour index.
#include <algorithm>

#include <fmt/format.h>

#include <tamis/error.hpp>
#include <tamis/late_interaction.hpp>

#include "late_interaction/parts.hpp"
#include "late_interaction/read_texts.hpp"
#include "late_interaction/text_sequence.hpp"
#include "late_interaction/token_rows.hpp"

namespace tamis {
namespace {

class Embedding {
 public:
  Embedding(const LateInteractionParts& parts, Side side, const ReadOptions& options,
            std::size_t texts)
      : parts_(parts), side_(side), options_(options), finite_(texts) {
    found_.width = parts.config().hidden_size;
    found_.values.resize(texts * found_.width);
    found_.tokens_cut.resize(texts);
  }

  Embeddings run(std::span<const std::string_view> texts) {
    for (std::size_t begin = 0; begin < texts.size(); begin += kGroupTexts) {
      read_group(texts.subspan(begin, std::min(kGroupTexts, texts.size() - begin)), begin);
    }
    require_finite();
    return std::move(found_);
  }

 private:
  [[nodiscard]] std::string_view what() const { return side_ == Side::query ? "query" : "passage"; }

  void read_group(std::span<const std::string_view> texts, std::size_t first) {
    const std::vector<EncodedPair> sequences = sequences_of(parts_, side_, texts);
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const std::uint32_t cut = sequences[i].document_tokens_cut;
      if (options_.on_truncation == OnTruncation::error) {
        refuse_cut(cut, parts_.max_length, fmt::format("{} {}", what(), first + i));
      }
      found_.tokens_cut[first + i] = cut;
    }
    const auto done = [&](std::size_t more) {
      done_ += more;
      if (options_.progress) options_.progress(done_, finite_.size());
    };
    read_sequences(
        parts_, sequences, options_, done, [&](std::size_t i, std::span<const float> states) {
          const std::size_t at = first + i;
          const std::span row = std::span(found_.values).subspan(at * found_.width, found_.width);
          finite_[at] = unit_vector(parts_.pooling, states, row) ? 1 : 0;
        });
  }

  void require_finite() const {
    std::vector<std::size_t> bad;
    for (std::size_t i = 0; i < finite_.size(); ++i) {
      if (finite_[i] == 0) bad.push_back(i);
    }
    refuse_non_finite(bad, finite_.size(), side_);
  }

  const LateInteractionParts& parts_;
  Side side_;
  const ReadOptions& options_;
  std::vector<char> finite_;  // [texts]; no vector<bool>: threads write its elements
  std::size_t done_ = 0;
  Embeddings found_;
};

Embeddings embed(const LateInteractionParts& parts, Side side,
                 std::span<const std::string_view> texts, const ReadOptions& options) {
  refuse_windows(options);
  if (parts.pooling == Pooling::other) {
    raise<ModelError>(
        "{} makes a vector of a text in a way that tamis does not know (1_Pooling/config.json); it "
        "knows the mean of the tokens and the first token",
        parts.folder.string());
  }
  return Embedding(parts, side, options, texts.size()).run(texts);
}

}  // namespace

Embeddings LateInteraction::embed_passages(std::span<const std::string_view> texts,
                                           const ReadOptions& options) const {
  return embed(*parts_, Side::passage, texts, options);
}

Embeddings LateInteraction::embed_queries(std::span<const std::string_view> texts,
                                          const ReadOptions& options) const {
  return embed(*parts_, Side::query, texts, options);
}

}  // namespace tamis
