// late_interaction/late_interaction.cpp: from texts and cached passages to a ranking.
#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <tamis/error.hpp>
#include <tamis/late_interaction.hpp>
#include <tamis/rank/top_k.hpp>

#include "late_interaction/encode_passages.hpp"
#include "late_interaction/maxsim.hpp"
#include "late_interaction/parts.hpp"
#include "late_interaction/query.hpp"
#include "late_interaction/read_texts.hpp"

namespace tamis {
namespace {

// Passages that are compared between two looks at the caller's wish to stop: some tens of
// milliseconds.
constexpr std::size_t kTogether = 2048;

void require_finite(std::span<const float> logits) {
  std::vector<std::size_t> bad;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!std::isfinite(logits[i])) bad.push_back(i);
  }
  if (bad.empty()) return;
  throw NonFiniteScore(
      fmt::format("{} of {} passages have no finite score, first passage {}; their file may be "
                  "damaged: open it with verify, or encode them again",
                  bad.size(), logits.size(), bad.front()),
      bad);
}

void require_own(const LateInteractionParts& parts, const Passages& passages) {
  if (passages.size() == 0 || passages.contents().model == parts.fingerprint) return;
  raise<InvalidArgument>(
      "the passages were encoded by another model, or with another prefix; "
      "encode them with this one");
}

LateScores scores_of(const EncodedQuery& query, const Mix& mix,
                     std::span<const EncodedPassage> passages, const ReadOptions& options) {
  LateScores scores{std::vector<float>(passages.size()), query.tokens_cut};
  for (std::size_t begin = 0; begin < passages.size(); begin += kTogether) {
    if (options.cancel && options.cancel->cancelled()) throw Cancelled("scoring was cancelled");
    const std::size_t count = std::min(kTogether, passages.size() - begin);
    compare(query, mix, passages.subspan(begin, count),
            std::span(scores.logits).subspan(begin, count));
    if (options.progress) options.progress(begin + count, passages.size());
  }
  require_finite(scores.logits);
  return scores;
}

Ranking ranked(const LateScores& scores, const LateRankOptions& options) {
  Ranking ranking = rank_scores(scores.logits);
  if (options.min_score) ranking = keep_above(std::move(ranking), *options.min_score);
  return keep(std::move(ranking), options.top_k.value_or(scores.logits.size()));
}

}  // namespace

Passages LateInteraction::encode_passages(std::span<const std::string_view> texts,
                                          const ReadOptions& options) const {
  refuse_windows(options);
  auto contents = std::make_shared<Passages::Contents>();
  contents->model = parts_->fingerprint;
  contents->width = width();
  contents->passages = encode_through_cache(*parts_, texts, options);
  return Passages(std::move(contents));
}

Passages LateInteraction::open_passages(const std::filesystem::path& path, bool verify) const {
  Passages passages = open_passage_file(path, verify);
  if (passages.contents().model != parts_->fingerprint || passages.contents().width != width()) {
    raise<ModelError>(
        "{} holds passages of another model, or with another prefix; encode them with "
        "this one",
        path.string());
  }
  return passages;
}

LateScores LateInteraction::score(std::string_view query, const Passages& passages,
                                  const ReadOptions& options) const {
  return std::move(score(std::span(&query, 1), std::span(&passages, 1), options).front());
}

std::vector<LateScores> LateInteraction::score(std::span<const std::string_view> queries,
                                               std::span<const Passages> passages,
                                               const ReadOptions& options) const {
  refuse_windows(options);
  if (queries.size() != passages.size()) {
    raise<InvalidArgument>("{} queries and {} lists of passages; give one list a query",
                           queries.size(), passages.size());
  }
  for (const Passages& list : passages) require_own(*parts_, list);
  const std::vector<QueryHandle> encoded = encode_queries(*parts_, queries, options);
  std::vector<LateScores> all;
  for (std::size_t i = 0; i < queries.size(); ++i) {
    all.push_back(scores_of(*encoded[i], parts_->mix, passages[i].contents().passages, options));
  }
  return all;
}

Ranking LateInteraction::rank(std::string_view query, const Passages& passages,
                              const LateRankOptions& options) const {
  return ranked(score(query, passages, options.read), options);
}

Ranking LateInteraction::rank(std::string_view query, std::span<const std::string_view> passages,
                              const LateRankOptions& options) const {
  return rank(query, encode_passages(passages, options.read), options);
}

const std::filesystem::path& LateInteraction::folder() const { return parts_->folder; }
std::size_t LateInteraction::max_length() const { return parts_->max_length; }
std::size_t LateInteraction::width() const { return parts_->width(); }
const ColbertSettings* LateInteraction::colbert() const {
  return parts_->colbert ? &*parts_->colbert : nullptr;
}
const std::string& LateInteraction::fingerprint() const { return parts_->fingerprint; }
std::size_t LateInteraction::cached_bytes() const { return parts_->passages->bytes(); }

std::string LateInteraction::description() const {
  return fmt::format("engine {} {}{}", parts_->encoder().precision(),
                     parts_->weights().kernels->name, parts_->loaded.reason);
}

}  // namespace tamis
