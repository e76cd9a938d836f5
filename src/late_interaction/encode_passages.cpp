// late_interaction/encode_passages.cpp
#include "late_interaction/encode_passages.hpp"

#include <optional>
#include <string>

#include <fmt/format.h>

#include "late_interaction/read_texts.hpp"
#include "late_interaction/text_sequence.hpp"
#include "late_interaction/token_rows.hpp"
#include "late_interaction/unique_texts.hpp"

namespace tamis {
namespace {

class Encoding {
 public:
  Encoding(const LateInteractionParts& parts, const ReadOptions& options, UniqueTexts unique,
           std::size_t total)
      : parts_(parts),
        options_(options),
        unique_(std::move(unique)),
        total_(total),
        found_(unique_.texts.size()) {}

  std::vector<EncodedPassage> run() {
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      found_[i] = parts_.passages->find(unique_.texts[i]);
      if (!found_[i]) {
        missing.push_back(i);
      } else if (options_.on_truncation == OnTruncation::error) {
        refuse(i, found_[i]->tokens_cut);
      }
    }
    done_ = found_.size() - missing.size();
    for (std::size_t begin = 0; begin < missing.size(); begin += kGroupTexts) {
      encode_group(
          std::span(missing).subspan(begin, std::min(kGroupTexts, missing.size() - begin)));
    }
    std::vector<EncodedPassage> all;
    all.reserve(total_);
    for (const std::size_t index : unique_.index_of) all.push_back(*found_[index]);
    return all;
  }

 private:
  void refuse(std::size_t index, std::uint32_t tokens_cut) const {
    refuse_cut(tokens_cut, parts_.max_length, fmt::format("passage {}", unique_.first[index]));
  }

  void encode_group(std::span<const std::size_t> group) {
    std::vector<std::string_view> texts;
    for (const std::size_t index : group) texts.push_back(unique_.texts[index]);
    const std::vector<EncodedPair> sequences = sequences_of(parts_, Side::passage, texts);
    for (std::size_t i = 0; i < group.size(); ++i) {
      const std::uint32_t cut = sequences[i].document_tokens_cut;
      if (options_.on_truncation == OnTruncation::error) refuse(group[i], cut);
      found_[group[i]] = EncodedPassage{nullptr, 0, cut};
    }
    const auto done = [&](std::size_t more) {
      done_ += more;
      if (options_.progress) options_.progress(done_ * total_ / found_.size(), total_);
    };
    const std::size_t width = parts_.width();
    read_sequences(
        parts_, sequences, options_, done, [&](std::size_t i, std::span<const float> states) {
          const auto rows = compared_rows(parts_, Side::passage, sequences[i].ids, states);
          EncodedPassage& passage = *found_[group[i]];
          passage.rows = quantize_rows(rows, width);
          passage.count = static_cast<std::uint32_t>(rows.size() / width);
        });
    require_finite(group);
    for (const std::size_t index : group) {
      const EncodedPassage& passage = *found_[index];
      parts_.passages->keep(unique_.texts[index], passage, passage.count * row_bytes(width));
    }
  }

  void require_finite(std::span<const std::size_t> group) const {
    std::vector<std::size_t> bad;
    for (const std::size_t index : group) {
      if (found_[index]->count == 0) bad.push_back(unique_.first[index]);
    }
    refuse_non_finite(bad, total_, Side::passage);
  }

  const LateInteractionParts& parts_;
  const ReadOptions& options_;
  UniqueTexts unique_;
  std::size_t total_;
  std::size_t done_ = 0;
  std::vector<std::optional<EncodedPassage>> found_;  // [unique texts]
};

}  // namespace

std::vector<EncodedPassage> encode_through_cache(const LateInteractionParts& parts,
                                                 std::span<const std::string_view> texts,
                                                 const ReadOptions& options) {
  return Encoding(parts, options, UniqueTexts(texts), texts.size()).run();
}

}  // namespace tamis
