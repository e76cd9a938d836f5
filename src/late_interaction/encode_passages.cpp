// late_interaction/encode_passages.cpp
#include "late_interaction/encode_passages.hpp"

#include <optional>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include <tamis/error.hpp>

#include "cross_encoder/wave.hpp"
#include "late_interaction/text_sequence.hpp"
#include "late_interaction/token_rows.hpp"
#include "parallel/parallel_for.hpp"

namespace tamis {
namespace {

// A group's tokens are in memory at a time, whatever the number of texts.
constexpr std::size_t kGroupTexts = 4096;
// A micro-batch of a few hundred tokens stays in its core's cache through all layers.
constexpr PlanOptions kPlan{.max_tokens = 512, .max_pairs = 64};

/// The different texts of a call, each with the index of its first one.
struct UniqueTexts {
  explicit UniqueTexts(std::span<const std::string_view> all) {
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto [entry, fresh] = seen.emplace(all[i], texts.size());
      if (fresh) {
        texts.push_back(all[i]);
        first.push_back(i);
      }
      index_of.push_back(entry->second);
    }
  }
  std::vector<std::string_view> texts;
  std::vector<std::size_t> first;     ///< [texts], index into the caller's
  std::vector<std::size_t> index_of;  ///< [caller's texts], index into `texts`
};

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
      found_[i] = parts_.cache->find(unique_.texts[i]);
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

  std::vector<EncodedPair> sequences_of(std::span<const std::size_t> group) const {
    const PairTemplate& around = parts_.tokenizer.pair_template();
    const bool segments = parts_.config().family == EncoderFamily::interaction;
    const std::uint8_t type = segments ? around.document_type : std::uint8_t{0};
    std::vector<EncodedPair> sequences(group.size());
    parallel_for(group.size(), [&](std::size_t i) {
      const std::string text = parts_.passage_prefix + std::string(unique_.texts[group[i]]);
      sequences[i] =
          text_sequence(around, parts_.tokenizer.tokenize(text).ids, parts_.max_length, type);
    });
    return sequences;
  }

  void encode_group(std::span<const std::size_t> group) {
    const std::vector<EncodedPair> sequences = sequences_of(group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      const std::uint32_t cut = sequences[i].document_tokens_cut;
      if (options_.on_truncation == OnTruncation::error) refuse(group[i], cut);
      found_[group[i]] = EncodedPassage{nullptr, 0, cut};
    }
    WaveOptions waves{.plan = kPlan, .cancel = options_.cancel, .scored = {}};
    if (options_.progress) {
      waves.scored = [&](std::size_t more) {
        done_ += more;
        options_.progress(done_ * total_ / found_.size(), total_);
      };
    }
    run_in_waves(sequences, waves, [&](std::span<const PackedBatch> batches) {
      parts_.encoder().run(batches, [&](std::size_t i, const engine::Workspace& workspace) {
        read_batch(batches[i], workspace, group);
      });
    });
    require_finite(group);
    for (const std::size_t index : group) parts_.cache->keep(unique_.texts[index], *found_[index]);
  }

  void read_batch(const PackedBatch& batch, const engine::Workspace& workspace,
                  std::span<const std::size_t> group) {
    const std::size_t width = parts_.config().hidden_size;
    for (std::size_t pair = 0; pair < batch.pairs(); ++pair) {
      const auto begin = static_cast<std::size_t>(batch.cu_seqlens[pair]);
      const auto end = static_cast<std::size_t>(batch.cu_seqlens[pair + 1]);
      const auto rows = unit_rows(parts_.config(),
                                  {workspace.hidden.data() + begin * width, (end - begin) * width});
      EncodedPassage& passage = *found_[group[batch.rows[pair]]];
      passage.rows = quantize_rows(rows, width);
      passage.count = static_cast<std::uint32_t>(rows.size() / width);
    }
  }

  void require_finite(std::span<const std::size_t> group) const {
    std::vector<std::size_t> bad;
    for (const std::size_t index : group) {
      if (found_[index]->count == 0) bad.push_back(unique_.first[index]);
    }
    if (bad.empty()) return;
    throw NonFiniteScore(
        fmt::format("the model gave NaN or infinity for {} of {} passages, first for passage {}; "
                    "its weights may be broken, or overflow at this precision",
                    bad.size(), total_, bad.front()),
        bad);
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
